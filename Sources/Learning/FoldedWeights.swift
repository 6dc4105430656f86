internal import TensorKernels

/// Weights with their normalisation folded in, prepared for the kernels: kept from one batch of
/// inference to the next, and worthless once a parameter changes.
public final class FoldedWeights {
  struct Entry {
    var weights: Buffer
    var bias: Buffer
    var prepared: PreparedWeights
  }

  private var entries: [ObjectIdentifier: Entry] = [:]

  public init() {}

  /// The weights of a layer for a shape, made if they are not there.
  func find(_ weight: Parameter, for shape: ConvolutionShape, make: () -> Entry) -> Entry {
    let key = ObjectIdentifier(weight)
    if let entry = entries[key], shape.shares(entry.prepared) { return entry }
    let entry = make()
    entries[key] = entry
    return entry
  }
}
