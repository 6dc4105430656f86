internal import Archives
internal import Core
public import Learning

/// A small vision transformer (Dosovitskiy et al. 2021, ViT-S) under timm's keys.
///
/// Images are NHWC with sides of `imageSize`; normalisation comes before attention and before the
/// perceptron, with ε = 1e-6, and GELU is exact.
public final class VisionTransformer {
  /// The published sizes; depth is the number of blocks.
  public struct Sizes: Hashable, Sendable {
    public var channels = 384
    public var depth = 12
    public var heads = 6
    /// Hidden channels of the perceptron.
    public var hidden = 1536

    public init(channels: Int = 384, depth: Int = 12, heads: Int = 6, hidden: Int = 1536) {
      self.channels = channels
      self.depth = depth
      self.heads = heads
      self.hidden = hidden
    }
  }

  /// Parameters in timm's order; names carry the prefix.
  public let parameters: ParameterSet
  public let sizes: Sizes
  /// Patches of one image.
  public let patches: Int
  private let prefix: String
  private let projection: ConvolutionLayer
  private let classToken: Parameter
  private let positions: Parameter
  private let blocks: [TransformerBlock]
  private let norm: LayerNormalisationLayer
  private let head: LinearLayer?

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - patch: The side of a patch: 16 or 8.
  ///   - imageSize: The side of the images, a multiple of `patch`.
  ///   - classes: Outputs of the last layer `head`; without it there is none.
  ///   - prefix: What precedes timm's keys.
  public init(
    patch: Int, imageSize: Int = 224, classes: Int? = nil, sizes: Sizes = Sizes(),
    prefix: String = "", on engine: Engine
  ) {
    precondition(imageSize % patch == 0, "the patches must tile the image")
    self.sizes = sizes
    self.prefix = prefix
    patches = (imageSize / patch) * (imageSize / patch)
    let keys = Self.keys(patch: patch, patches: patches, classes: classes, sizes: sizes)
    let parameters = ParameterSet(keys.map { (prefix + $0.name, $0.shape) }, on: engine)
    self.parameters = parameters
    projection = ConvolutionLayer(
      weight: parameters["\(prefix)patch_embed.proj.weight"],
      bias: parameters["\(prefix)patch_embed.proj.bias"], stride: patch)
    classToken = parameters["\(prefix)cls_token"]
    positions = parameters["\(prefix)pos_embed"]
    blocks = (0..<sizes.depth).map {
      TransformerBlock("\(prefix)blocks.\($0)", heads: sizes.heads, in: parameters)
    }
    norm = LayerNormalisationLayer("\(prefix)norm", in: parameters)
    head = classes.map { _ in LinearLayer("\(prefix)head", in: parameters) }
  }

  /// Draws first values as timm does: normal with deviation 0.02, biases 0, the class token 1e-6.
  public func initialise(seed: UInt64, replicate: UInt64) {
    for parameter in parameters.all {
      let key = String(parameter.name.dropFirst(prefix.count))
      let scheme: Initialisation =
        switch key {
        case "cls_token": .normal(deviation: 1e-6)
        case "patch_embed.proj.weight", "patch_embed.proj.bias":
          .uniform(
            fanIn: parameters["\(prefix)patch_embed.proj.weight"].shape.dropFirst().reduce(1, *))
        case _ where parameter.shape.count > 1: .normal(deviation: 0.02)
        default: .constant(key.hasSuffix("weight") ? 1 : 0)
        }
      let stream = RandomStream(
        seed: seed, purpose: "encoder-weights", replicate: replicate, key: key)
      parameter.initialise(scheme, from: stream)
    }
  }

  /// The normalised class token, `[N, channels]`.
  public func embedding(_ x: Tensor, on tape: Tape) -> Tensor {
    // Normalisation is by token, so only the class tokens need it.
    tape.normalise(tape.takeRows(tokens(x, on: tape), step: patches + 1), norm)
  }

  /// All tokens after normalisation, `[N * (1 + patches), channels]`, the class token first.
  public func features(_ x: Tensor, on tape: Tape) -> Tensor {
    tape.normalise(tokens(x, on: tape), norm)
  }

  /// Logits `[N, classes]`; the network must have been made with classes.
  public func logits(_ x: Tensor, on tape: Tape) -> Tensor {
    guard let head else { preconditionFailure("this network has no head") }
    return tape.linear(embedding(x, on: tape), head)
  }

  private func tokens(_ x: Tensor, on tape: Tape) -> Tensor {
    var current = tape.embedTokens(
      tape.convolve(x, projection), class: classToken, positions: positions)
    for block in blocks { current = block.forward(current, batch: x.shape[0], on: tape) }
    return current
  }
}

extension VisionTransformer {
  /// timm's keys and shapes, in its order.
  public static func keys(
    patch: Int, patches: Int, classes: Int? = nil, sizes: Sizes = Sizes()
  ) -> [(name: String, shape: [Int])] {
    let (C, hidden) = (sizes.channels, sizes.hidden)
    func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [(name: String, shape: [Int])] {
      [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
    }
    var keys: [(name: String, shape: [Int])] = [
      ("cls_token", [1, 1, C]), ("pos_embed", [1, patches + 1, C]),
      ("patch_embed.proj.weight", [C, 3, patch, patch]), ("patch_embed.proj.bias", [C]),
    ]
    for block in 0..<sizes.depth {
      let name = "blocks.\(block)"
      keys += LayerNormalisationLayer.keys("\(name).norm1", channels: C)
      keys += linear("\(name).attn.qkv", 3 * C, C) + linear("\(name).attn.proj", C, C)
      keys += LayerNormalisationLayer.keys("\(name).norm2", channels: C)
      keys += linear("\(name).mlp.fc1", hidden, C) + linear("\(name).mlp.fc2", C, hidden)
    }
    keys += LayerNormalisationLayer.keys("norm", channels: C)
    return keys + (classes.map { linear("head", $0, C) } ?? [])
  }

  /// Brings a state dict's position embeddings to this network's number of patches.
  ///
  /// Other tensors, and positions that fit already, stay as they are.
  public func resizingPositions(in tensors: NamedTensors) -> NamedTensors {
    tensors.map { tensor in
      guard tensor.name == "pos_embed", tensor.shape.count == 3,
        tensor.shape[1] != patches + 1
      else { return tensor }
      let resized = PositionEmbedding(
        values: tensor.values, tokens: tensor.shape[1], channels: tensor.shape[2]
      ).resized(toPatches: patches)
      return ArchivedTensor(
        name: tensor.name, shape: [1, patches + 1, tensor.shape[2]], values: resized)
    }
  }
}

/// Attention and a perceptron, each behind a normalisation and around a shortcut.
private struct TransformerBlock {
  let heads: Int
  let firstNorm: LayerNormalisationLayer
  let attention: LinearLayer
  let projection: LinearLayer
  let secondNorm: LayerNormalisationLayer
  let widening: LinearLayer
  let narrowing: LinearLayer

  init(_ name: String, heads: Int, in parameters: ParameterSet) {
    self.heads = heads
    firstNorm = LayerNormalisationLayer("\(name).norm1", in: parameters)
    attention = LinearLayer("\(name).attn.qkv", in: parameters)
    projection = LinearLayer("\(name).attn.proj", in: parameters)
    secondNorm = LayerNormalisationLayer("\(name).norm2", in: parameters)
    widening = LinearLayer("\(name).mlp.fc1", in: parameters)
    narrowing = LinearLayer("\(name).mlp.fc2", in: parameters)
  }

  func forward(_ x: Tensor, batch: Int, on tape: Tape) -> Tensor {
    let qkv = tape.linear(tape.normalise(x, firstNorm), attention)
    let attended = tape.attend(qkv, batch: batch, heads: heads)
    let middle = tape.add(x, into: tape.linear(attended, projection))
    let wide = tape.linear(tape.normalise(middle, secondNorm), widening)
    return tape.add(middle, into: tape.linear(tape.gaussianGate(wide), narrowing))
  }
}
