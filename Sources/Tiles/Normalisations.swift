/// A normalisation that is applied while values are read: `(x - centre) · scale + shift`, rectified.
@frozen
public struct LazyNormalisation {
  public var centre: UnsafePointer<Float>
  public var scale: UnsafePointer<Float>
  public var shift: UnsafePointer<Float>
  public var rectifies: Bool

  @inlinable
  public init(
    centre: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    rectifies: Bool
  ) {
    self.centre = centre
    self.scale = scale
    self.shift = shift
    self.rectifies = rectifies
  }
}

/// What the passes of a batch normalisation's gradient read.
@frozen
public struct NormalisationPass {
  /// What tells where gradients pass a rectification, if there was one.
  @frozen
  public enum Gate {
    case none
    /// The output is kept: it is positive where they pass.
    case output(UnsafePointer<Float>)
    /// It is made again from the input.
    case normalisation(LazyNormalisation)
  }

  /// `[rows, channels]`, as the output's gradient.
  public var input: UnsafePointer<Float>
  public var outputGradient: UnsafePointer<Float>
  public var gate: Gate
  public var mean: UnsafePointer<Float>
  public var channels: Int

  @inlinable
  public init(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, gate: Gate,
    mean: UnsafePointer<Float>, channels: Int
  ) {
    self.input = input
    self.outputGradient = outputGradient
    self.gate = gate
    self.mean = mean
    self.channels = channels
  }
}

/// Where the gradients of a batch normalisation go, and one of each constant for each channel:
/// `scale (dy + offset - (x - mean) slope)`.
@frozen
public struct GradientSpread {
  public var scale: UnsafePointer<Float>
  public var offset: UnsafePointer<Float>
  public var slope: UnsafePointer<Float>
  /// May be the output's gradient itself.
  public var input: UnsafeMutablePointer<Float>?
  /// Whether the gradient is added to what is there.
  public var addsToInput: Bool
  /// For what was added before the gate.
  public var residual: UnsafeMutablePointer<Float>?
  public var addsToResidual: Bool

  @inlinable
  public init(
    scale: UnsafePointer<Float>, offset: UnsafePointer<Float>, slope: UnsafePointer<Float>,
    input: UnsafeMutablePointer<Float>?, addsToInput: Bool,
    residual: UnsafeMutablePointer<Float>?, addsToResidual: Bool
  ) {
    self.scale = scale
    self.offset = offset
    self.slope = slope
    self.input = input
    self.addsToInput = addsToInput
    self.residual = residual
    self.addsToResidual = addsToResidual
  }
}
