/// A tensor as it stands in a weight file, row-major, widened to Float32.
public struct ArchivedTensor: Sendable {
  /// The key of the state dict, such as `layer1.0.conv1.weight`.
  public var name: String
  /// PyTorch's order of dimensions; empty for a scalar.
  public let shape: [Int]
  /// The element type in the file, as safetensors spells it: `F32`, `F16`, `BF16`, `F64`, `I64`.
  public let elementType: String
  private let storage: Storage

  private enum Storage {
    case values([Float])
    /// Float32 that still lies in the file's bytes, from an offset on.
    case file(bytes: [UInt8], offset: Int)
  }

  public init(name: String, shape: [Int], values: [Float], elementType: String = "F32") {
    precondition(shape.reduce(1, *) == values.count, "the shape does not hold the values")
    self.name = name
    self.shape = shape
    self.elementType = elementType
    storage = .values(values)
  }

  #if _endian(little)
    /// A tensor of Float32 that stays in the bytes of its file, which live as long as it does: a
    /// network's weights are then copied once, to where they are used.
    init(name: String, shape: [Int], float32In bytes: [UInt8], at offset: Int) {
      let count = shape.reduce(1, *)
      precondition(
        offset >= 0 && offset + 4 * count <= bytes.count, "the bytes do not hold the shape")
      self.name = name
      self.shape = shape
      elementType = "F32"
      storage = .file(bytes: bytes, offset: offset)
    }
  #endif

  /// How many elements there are.
  public var count: Int { shape.reduce(1, *) }

  /// The elements; where they still lie in the file's bytes, a copy.
  public var values: [Float] {
    switch storage {
    case .values(let values): values
    case .file(let bytes, let offset):
      [Float](unsafeUninitializedCapacity: count) { values, filled in
        filled = count
        bytes.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(values).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + 4 * count]))
        }
      }
    }
  }

  /// Calls `body` with the elements where they are, without a copy if their place is one of floats.
  public func withValues<Result>(
    _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    if case .file(let bytes, let offset) = storage {
      let result: Result? = try bytes.withUnsafeBytes {
        guard let base = $0.baseAddress.map({ $0 + offset }),
          Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0
        else { return nil }
        return try base.withMemoryRebound(to: Float.self, capacity: count) {
          try body(UnsafeBufferPointer(start: $0, count: count))
        }
      }
      if let result { return result }
    }
    return try values.withUnsafeBufferPointer(body)
  }
}

extension ArchivedTensor: Hashable {
  public static func == (a: ArchivedTensor, b: ArchivedTensor) -> Bool {
    a.name == b.name && a.shape == b.shape && a.elementType == b.elementType
      && a.withValues { left in b.withValues { left.elementsEqual($0) } }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(shape)
    hasher.combine(elementType)
    withValues { for value in $0 { hasher.combine(value) } }
  }
}
