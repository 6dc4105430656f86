internal import TensorKernels

/// A sequence of values in [-1, 1) that its name alone determines, exact in Float32.
///
/// The state is the 64-bit FNV-1a hash of the name; values follow by SplitMix64. Any program can
/// repeat them, so tensors of figures from elsewhere need not be stored.
public struct HashedUniform: Hashable, Sendable {
  private let state: UInt64

  public init(_ name: String) {
    state = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  /// The first values, times `scale` plus `offset`.
  ///
  /// - Parameter isFolded: Whether magnitudes are taken first.
  public func values(
    _ count: Int, scale: Float = 1, offset: Float = 0, isFolded: Bool = false
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { values, filled in
      filled = count
      guard let base = values.baseAddress else { return }
      hashedValues(
        state: state, count: count, scale: scale, offset: offset, isFolded: isFolded, into: base)
    }
  }
}
