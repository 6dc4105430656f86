extension Safetensors {
  /// Writes tensors in the given order, as Float32 whatever their element type was; equal arguments
  /// give equal bytes.
  ///
  /// Metadata are sorted by the bytes of their keys and stand first; blanks pad the header to a
  /// multiple of 8.
  ///
  /// - Precondition: Names are unique, and none is `__metadata__`.
  public static func encode(
    _ tensors: [ArchivedTensor], metadata: [String: String] = [:]
  ) -> [UInt8] {
    precondition(
      Set(tensors.map(\.name)).union(["__metadata__"]).count == tensors.count + 1,
      "names of tensors must be unique")
    var members: [String] = []
    if !metadata.isEmpty {
      let entries = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(entries.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let end = offset + 4 * tensor.values.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: -header.count & 7)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += header
    for tensor in tensors { appendLittleEndian(tensor.values, to: &bytes) }
    return bytes
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// Appends the bit patterns, lowest byte first on every processor.
func appendLittleEndian(_ values: [Float], to bytes: inout [UInt8]) {
  #if _endian(little)
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  #else
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
  #endif
}
