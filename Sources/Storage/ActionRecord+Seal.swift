internal import Core

/// A record as it lies on disk: its own JSON, whose last field is the SHA-256 of all before it.
///
/// A record is the truth about where results come from, so one flipped bit anywhere in it must show,
/// also where the text would still read as a record.
extension ActionRecord {
  private static let sealStart = Array(",\"sha256\":\"".utf8)
  private static let sealEnd = Array("\"}".utf8)

  /// The bytes of the record's file.
  var sealed: [UInt8] {
    let body = Array(JSON.encode(self).dropLast())
    return body + Self.seal(of: body)
  }

  /// Reads a file back; `nil` unless every byte is as it was written.
  init?(sealed bytes: [UInt8]) {
    guard let record = try? JSON.decode(ActionRecord.self, from: bytes) else { return nil }
    let body = Array(bytes.dropLast(Self.seal(of: []).count))
    // Records of before there were seals are whole if they are spelled as they were written.
    guard bytes == body + Self.seal(of: body) || bytes == JSON.encode(record) else { return nil }
    self = record
  }

  private static func seal(of body: [UInt8]) -> [UInt8] {
    sealStart + Array(SHA256.digest(of: body).hex.utf8) + sealEnd
  }
}
