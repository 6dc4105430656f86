internal import CZlib

/// The content of a zlib stream, up to a limit.
enum Inflation {
  /// Deflate cannot shrink more than this.
  static let mostRatio = 1032

  /// Inflates a whole stream; its checksum is verified.
  ///
  /// Memory grows with what really comes out, at most 1,032 times the input.
  static func inflate(
    _ bytes: [UInt8], in range: Range<Int>, part: String
  ) throws(ArchiveError) -> [UInt8] {
    var stream = z_stream()
    guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw ArchiveError(.tooLarge, in: part, "there is no memory to inflate it")
    }
    defer { inflateEnd(&stream) }
    guard range.count <= Int(UInt32.max) else {
      throw ArchiveError(.tooLarge, in: part, "a compressed part of more than 4 GB")
    }
    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    let status = bytes.withUnsafeBufferPointer { all in
      // zlib reads here and never writes; the type is older than `const`.
      stream.next_in = UnsafeMutablePointer(mutating: all.baseAddress! + range.lowerBound)
      stream.avail_in = UInt32(range.count)
      while true {
        let (status, count) = piece.withUnsafeMutableBufferPointer { buffer in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          let status = CZlib.inflate(&stream, Z_NO_FLUSH)
          return (status, buffer.count - Int(stream.avail_out))
        }
        output.append(contentsOf: piece[..<count])
        if status != Z_OK { return status }
        if count == 0 && stream.avail_in == 0 { return Z_BUF_ERROR }
      }
    }
    guard status == Z_STREAM_END, stream.avail_in == 0 else {
      throw ArchiveError(
        .checksum, in: part, "the compressed data are damaged",
        hint: "copy the file again from where it came")
    }
    return output
  }
}
