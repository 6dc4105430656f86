internal import Core
public import Learning

/// A classifier of embeddings: one linear layer, or a perceptron with one hidden layer.
public final class ClassificationHead {
  public let parameters: ParameterSet
  private let layers: [LinearLayer]

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - hidden: Channels between two linear layers; without them there is one layer.
  ///   - prefix: What precedes `weight` and `bias`, or `0.weight` to `2.bias` as in PyTorch's
  ///     `Sequential(Linear, ReLU, Linear)`.
  public init(
    inputs: Int, classes: Int, hidden: Int? = nil, prefix: String = "head.", on engine: Engine
  ) {
    func keys(_ name: String, _ outputs: Int, _ inputs: Int) -> [(name: String, shape: [Int])] {
      [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
    }
    let root = String(prefix.dropLast(prefix.hasSuffix(".") ? 1 : 0))
    if let hidden {
      parameters = ParameterSet(
        keys("\(root).0", hidden, inputs) + keys("\(root).2", classes, hidden), on: engine)
      layers = [
        LinearLayer("\(root).0", in: parameters), LinearLayer("\(root).2", in: parameters),
      ]
    } else {
      parameters = ParameterSet(keys(root, classes, inputs), on: engine)
      layers = [LinearLayer(root, in: parameters)]
    }
  }

  /// Draws first values as PyTorch does: uniform by fan-in, biases too.
  public func initialise(seed: UInt64, replicate: UInt64) {
    for layer in layers {
      for parameter in [layer.weight, layer.bias].compactMap(\.self) {
        let stream = RandomStream(
          seed: seed, purpose: "head-weights", replicate: replicate, key: parameter.name)
        parameter.initialise(.uniform(fanIn: layer.weight.shape[1]), from: stream)
      }
    }
  }

  /// Logits `[N, classes]` of embeddings `[N, inputs]`.
  public func logits(_ x: Tensor, on tape: Tape) -> Tensor {
    let first = tape.linear(x, layers[0])
    return layers.count == 1 ? first : tape.linear(tape.rectify(first), layers[1])
  }
}

/// Attention pooling of a bag of instances (Ilse et al. 2018), plain or gated.
///
///     scores = w · (tanh(V h) ⊙ σ(U h)); pooled = Σ softmax(scores) h       the gate σ is optional
public final class AttentionPooling {
  public let parameters: ParameterSet
  private let content: LinearLayer
  private let gate: LinearLayer?
  private let score: LinearLayer

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - hidden: Rows of V and U.
  ///   - hasBiases: Whether V, U and w have biases, as in the published code.
  public init(
    inputs: Int, hidden: Int = 128, isGated: Bool = true, hasBiases: Bool = true,
    prefix: String = "pooling.", on engine: Engine
  ) {
    let shapes =
      [("V", [hidden, inputs])] + (isGated ? [("U", [hidden, inputs])] : []) + [("w", [1, hidden])]
    let keys = shapes.flatMap { name, shape -> [(name: String, shape: [Int])] in
      let weight = (name: "\(prefix)\(name).weight", shape: shape)
      return hasBiases ? [weight, ("\(prefix)\(name).bias", [shape[0]])] : [weight]
    }
    parameters = ParameterSet(keys, on: engine)
    content = LinearLayer("\(prefix)V", in: parameters)
    gate = isGated ? LinearLayer("\(prefix)U", in: parameters) : nil
    score = LinearLayer("\(prefix)w", in: parameters)
  }

  /// Draws first values as PyTorch does: uniform by fan-in, biases too.
  public func initialise(seed: UInt64, replicate: UInt64) {
    for layer in [content, gate, score].compactMap(\.self) {
      for parameter in [layer.weight, layer.bias].compactMap(\.self) {
        let stream = RandomStream(
          seed: seed, purpose: "head-weights", replicate: replicate, key: parameter.name)
        parameter.initialise(.uniform(fanIn: layer.weight.shape[1]), from: stream)
      }
    }
  }

  /// The pooled embedding `[1, C]` of a bag `[instances, C]`, and the attention `[instances, 1]`.
  public func pool(_ bag: Tensor, on tape: Tape) -> (pooled: Tensor, attention: Tensor) {
    var hidden = tape.hyperbolicTangent(tape.linear(bag, content))
    if let gate { hidden = tape.multiply(hidden, tape.sigmoid(tape.linear(bag, gate))) }
    let (mean, weights) = tape.weightedMean(bag, scores: tape.linear(hidden, score))
    return (mean, weights)
  }
}
