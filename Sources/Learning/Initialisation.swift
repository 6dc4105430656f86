public import Core
internal import TensorKernels

/// How a parameter's first values are drawn.
public enum Initialisation: Hashable, Sendable {
  case constant(Float)
  /// Normal with variance 2/fan-out: torchvision's for convolutions (He et al. 2015).
  case kaimingNormalFanOut
  /// Normal with variance 2/fan-in: torchvision's for DenseNet.
  case kaimingNormalFanIn
  /// Normal with this deviation: vision transformers'.
  case normal(deviation: Double)
  /// Uniform within √(6/fan-in): segmentation_models_pytorch's for decoders.
  case kaimingUniformFanIn
  /// Uniform within √(6/(fan-in + fan-out)) (Glorot and Bengio 2010).
  case xavierUniform
  /// Uniform within 1/√fan-in: PyTorch's default for linear layers and their biases.
  case uniform(fanIn: Int)
}

extension Parameter {
  /// Draws the values in PyTorch's order of elements.
  public func initialise(_ scheme: Initialisation, from stream: RandomStream) {
    var stream = stream
    let receptive = shape.dropFirst(2).reduce(1, *)
    let fanOut = shape[0] * receptive
    let fanIn = (shape.count > 1 ? shape[1] : 1) * receptive
    switch scheme {
    case .constant(let value):
      set([Float](repeating: value, count: count))
    case .kaimingNormalFanOut:
      let deviation = (2 / Double(fanOut)).squareRoot()
      fill { Float(stream.normal() * deviation) }
    case .kaimingNormalFanIn:
      let deviation = (2 / Double(fanIn)).squareRoot()
      fill { Float(stream.normal() * deviation) }
    case .normal(let deviation):
      fill { Float(stream.normal() * deviation) }
    case .kaimingUniformFanIn:
      let bound = (6 / Double(fanIn)).squareRoot()
      fillUniformly(within: bound, from: stream)
    case .xavierUniform:
      let bound = (6 / Double(fanIn + fanOut)).squareRoot()
      fillUniformly(within: bound, from: stream)
    case .uniform(let fanIn):
      let bound = (1 / Double(fanIn)).squareRoot()
      fillUniformly(within: bound, from: stream)
    }
  }

  /// One draw for each value, so stretches of them are drawn at once.
  private func fillUniformly(within bound: Double, from stream: RandomStream) {
    set(
      [Float](unsafeUninitializedCapacity: count) { values, filled in
        filled = count
        guard let values = values.baseAddress else { return }
        workers.forEachStretch(of: count) { from, to in
          var stream = stream.skipping(from)
          for i in from..<to { values[i] = Float(stream.uniform(-bound, bound)) }
        }
      })
  }

  @inline(__always)
  private func fill(_ draw: () -> Float) {
    set(
      [Float](unsafeUninitializedCapacity: count) { values, filled in
        for i in 0..<count { values[i] = draw() }
        filled = count
      })
  }
}

extension RandomStream {
  /// The stream of one parameter's first values.
  ///
  /// Keyed by the parameter's own key, so that no parameter's draw depends on another's.
  public init(seed: UInt64, purpose: String, replicate: UInt64, key: String) {
    // FNV-1a, 64 bits.
    let hash = key.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    self.init(seed: seed, purpose: purpose, replicate, hash)
  }
}
