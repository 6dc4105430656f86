/// Mean and standard deviation per channel, for images in 0...1.
public struct ChannelNormalization: Hashable, Sendable {
  /// A normalised value is `byte * scale + offset`.
  public let scale: SIMD3<Float>
  public let offset: SIMD3<Float>

  /// - Precondition: three means and three positive standard deviations.
  public init(mean: [Double], standardDeviation: [Double]) {
    precondition(mean.count == 3 && standardDeviation.count == 3, "an image has three channels")
    precondition(standardDeviation.allSatisfy { $0 > 0 }, "a standard deviation is positive")
    scale = SIMD3(standardDeviation.map { Float(1 / (255 * $0)) })
    offset = SIMD3(zip(mean, standardDeviation).map { Float(-$0 / $1) })
  }
}
