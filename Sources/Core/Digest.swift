internal import CCrypto

/// The SHA-256 of some content: the name of an artifact and of an action.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
  // Four words rather than an array: digests are dictionary keys by the ten thousand.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Takes 32 bytes; `nil` for any other count.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    // A buffer of known type: digests are read by the ten thousand.
    self =
      bytes.withContiguousStorageIfAvailable { Digest($0) }
      ?? Array(bytes).withUnsafeBufferPointer { Digest($0) }
  }

  fileprivate init(_ bytes: UnsafeBufferPointer<UInt8>) {
    func word(_ index: Int) -> UInt64 {
      bytes[8 * index..<8 * index + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// Takes 64 hexadecimal digits of either case; `nil` for anything else.
  public init?(hex: some StringProtocol) {
    var text = String(hex)
    let bytes = text.withUTF8 { digits -> [UInt8]? in
      guard digits.count == 64 else { return nil }
      var bytes = [UInt8](repeating: 0, count: 32)
      for i in bytes.indices {
        guard let high = Self.nibble(digits[2 * i]), let low = Self.nibble(digits[2 * i + 1]) else {
          return nil
        }
        bytes[i] = high << 4 | low
      }
      return bytes
    }
    guard let bytes else { return nil }
    self.init(bytes: bytes)
  }

  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      fill(buffer)
      count = 32
    }
  }

  /// The 64 lower-case hexadecimal digits.
  public var hex: String {
    String(unsafeUninitializedCapacity: 64) { text in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { bytes in
        fill(bytes)
        for (i, byte) in bytes.enumerated() {
          text[2 * i] = Self.digit(byte >> 4)
          text[2 * i + 1] = Self.digit(byte & 15)
        }
      }
      return 64
    }
  }

  private func fill(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
    withUnsafeBytes(
      of: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    ) { UnsafeMutableRawBufferPointer(bytes).copyMemory(from: $0) }
  }

  private static func digit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }

  public var description: String { hex }

  public static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
  public static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  private static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Digest: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = Digest(hex: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a digest is 64 hexadecimal digits, not `\(text)`")
    }
    self = digest
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}

/// SHA-256 over bytes that arrive in pieces; libcrypto does the work (with SHA-NI where present).
public struct SHA256: ~Copyable {
  private var context = SHA256_CTX()

  public init() { SHA256_Init(&context) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    SHA256_Update(&context, bytes.baseAddress, bytes.count)
  }

  /// The digest of everything seen; the value is spent.
  public consuming func finish() -> Digest {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { bytes in
      SHA256_Final(bytes.baseAddress, &context)
      return Digest(UnsafeBufferPointer(bytes))
    }
  }

  /// The digest of some bytes.
  public static func digest(of bytes: [UInt8]) -> Digest { digest(of: bytes[...]) }

  /// The digest of a part of some bytes.
  public static func digest(of bytes: ArraySlice<UInt8>) -> Digest {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }
}
