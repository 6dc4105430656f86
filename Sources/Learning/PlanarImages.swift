internal import TensorKernels

/// Images in PyTorch's order of elements, `[N, C, H, W]`.
public enum PlanarImages {
  /// The same elements as `[N, H, W, C]`; other ranks stay as they are.
  ///
  /// - Parameter shape: PyTorch's.
  public static func channelsLast(_ values: [Float], shape: [Int]) -> [Float] {
    guard shape.count == 4 else { return values }
    return reorder(values, batch: shape[0], outer: shape[1], inner: shape[2] * shape[3])
  }

  /// Elements of `[N, H, W, C]` in PyTorch's order; other ranks stay as they are.
  ///
  /// - Parameter shape: PyTorch's.
  public static func channelsFirst(_ values: [Float], shape: [Int]) -> [Float] {
    guard shape.count == 4 else { return values }
    return reorder(values, batch: shape[0], outer: shape[2] * shape[3], inner: shape[1])
  }

  private static func reorder(_ values: [Float], batch: Int, outer: Int, inner: Int) -> [Float] {
    precondition(values.count == batch * outer * inner, "the shape does not hold the values")
    return [Float](unsafeUninitializedCapacity: values.count) { target, filled in
      filled = values.count
      values.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let into = target.baseAddress else { return }
        TensorKernels.channelsLast(
          from, batch: batch, channels: outer, pixels: inner, into: into)
      }
    }
  }
}

/// The square root of the sum of squares, in Float64.
public func euclideanNorm(_ values: [Float]) -> Double {
  values.withUnsafeBufferPointer { source in
    source.baseAddress.map { lengthOf($0, count: source.count) } ?? 0
  }
}
