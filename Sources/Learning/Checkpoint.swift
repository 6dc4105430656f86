internal import Core
internal import TensorKernels

/// Bytes that are not a checkpoint of this network: nothing was restored, or the network is spent.
public struct MalformedCheckpoint: Error, Hashable, CustomStringConvertible {
  public var reason: String

  public init(reason: String) { self.reason = reason }

  public var description: String { "the checkpoint cannot be used: \(reason)" }
}

/// Everything that a resumed run needs to go on with the same bits.
///
/// The bytes are a mark, counters and arrays in the order they were added, all little-endian, and
/// the SHA-256 of what precedes it.
public struct Checkpoint {
  /// A named whole number.
  public struct Counter: Hashable, Sendable {
    public var name: String
    public var value: UInt64
  }

  /// Counters, in the order in which they are read again.
  public var counters: [Counter] = []
  private var arrays: [(name: String, buffer: Buffer)] = []
  private static let mark = Array("microtome checkpoint 1\n".utf8)

  public init() {}

  /// Adds a parameter's values.
  public mutating func add(_ parameter: Parameter) { add(parameter.name, parameter.values) }

  mutating func add(_ name: String, _ buffer: Buffer) { arrays.append((name, buffer)) }

  /// The checkpoint as bytes.
  public func encode() -> [UInt8] {
    let total = arrays.reduce(0) { $0 + $1.name.utf8.count + 16 + $1.buffer.count * 4 }
    var bytes = Self.mark
    bytes.reserveCapacity(total + counters.count * 64 + 256)
    Self.append(UInt64(counters.count), to: &bytes)
    for counter in counters {
      Self.append(counter.name, to: &bytes)
      Self.append(counter.value, to: &bytes)
    }
    Self.append(UInt64(arrays.count), to: &bytes)
    for (name, buffer) in arrays {
      Self.append(name, to: &bytes)
      Self.append(UInt64(buffer.count), to: &bytes)
      bytes.append(
        contentsOf: UnsafeRawBufferPointer(start: buffer.pointer, count: buffer.count * 4))
    }
    return bytes + SHA256.digest(of: bytes).bytes
  }

  private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    append(UInt64(text.utf8.count), to: &bytes)
    bytes.append(contentsOf: text.utf8)
  }

  /// Reads a checkpoint back, in the order in which it was written.
  public struct Reader {
    private let bytes: [UInt8]
    private let end: Int
    private var position: Int
    private var counters: [String: UInt64] = [:]

    /// Checks the checksum before anything else.
    public init(_ bytes: [UInt8]) throws(MalformedCheckpoint) {
      guard bytes.count >= mark.count + 48, bytes.starts(with: mark) else {
        throw MalformedCheckpoint(reason: "it does not begin like one")
      }
      end = bytes.count - 32
      var hash = SHA256()
      bytes.withUnsafeBytes {
        hash.update(UnsafeRawBufferPointer(rebasing: $0[..<($0.count - 32)]))
      }
      guard hash.finish().bytes.elementsEqual(bytes[end...]) else {
        throw MalformedCheckpoint(reason: "its checksum does not match its content")
      }
      self.bytes = bytes
      position = mark.count
      for _ in 0..<(try word()) {
        let name = try text()
        counters[name] = try word()
      }
      _ = try word()
    }

    /// A counter's value.
    public func counter(_ name: String) throws(MalformedCheckpoint) -> UInt64 {
      guard let value = counters[name] else {
        throw MalformedCheckpoint(reason: "it has no `\(name)`")
      }
      return value
    }

    /// The next array, which must be that parameter's.
    public mutating func read(_ parameter: Parameter) throws(MalformedCheckpoint) {
      try read(parameter.name, into: parameter.values)
    }

    mutating func read(_ name: String, into buffer: Buffer) throws(MalformedCheckpoint) {
      let found = try text()
      guard found == name else {
        throw MalformedCheckpoint(reason: "`\(found)` stands where `\(name)` should")
      }
      guard try word() == UInt64(buffer.count), position + buffer.count * 4 <= end else {
        throw MalformedCheckpoint(reason: "`\(name)` has another size")
      }
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawPointer(buffer.pointer).copyMemory(
          from: source.baseAddress! + position, byteCount: buffer.count * 4)
      }
      position += buffer.count * 4
    }

    private mutating func word() throws(MalformedCheckpoint) -> UInt64 {
      guard position + 8 <= end else { throw MalformedCheckpoint(reason: "it ends too early") }
      let value = bytes.withUnsafeBytes {
        $0.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      }
      position += 8
      return UInt64(littleEndian: value)
    }

    private mutating func text() throws(MalformedCheckpoint) -> String {
      let count = try word()
      guard count <= UInt64(end - position) else {
        throw MalformedCheckpoint(reason: "it ends too early")
      }
      defer { position += Int(count) }
      return String(decoding: bytes[position..<(position + Int(count))], as: UTF8.self)
    }
  }
}
