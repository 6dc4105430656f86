/// A tensor as it stands in a weight file, row-major, widened to Float32.
public struct ArchivedTensor: Hashable, Sendable {
  /// The key of the state dict, such as `layer1.0.conv1.weight`.
  public var name: String
  /// PyTorch's order of dimensions; empty for a scalar.
  public var shape: [Int]
  /// `shape`'s product of elements.
  public var values: [Float]
  /// The element type in the file, as safetensors spells it: `F32`, `F16`, `BF16`, `F64`, `I64`.
  public var elementType: String

  public init(name: String, shape: [Int], values: [Float], elementType: String = "F32") {
    precondition(shape.reduce(1, *) == values.count, "the shape does not hold the values")
    self.name = name
    self.shape = shape
    self.values = values
    self.elementType = elementType
  }
}
