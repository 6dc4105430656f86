private import FoundationEssentials

/// Bytes as text for `data:` addresses.
enum Base64 {
  /// The standard alphabet, padded, on one line.
  static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
