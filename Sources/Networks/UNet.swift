internal import Core
public import Learning

/// A U-Net under segmentation_models_pytorch's keys and channel plan, scaled by `width`.
public final class UNet {
  public let encoder: any Encoder
  /// Everything in the order of the state dict: encoder, decoder, head.
  public let parameters: ParameterSet
  private let decoder: ParameterSet
  private let blocks: [Block]
  private let head: ConvolutionLayer

  /// Parameters are zeros until they are initialised or loaded.
  public init(
    encoder name: EncoderName = .resNet18, width: Double = 1, classes: Int, on engine: Engine
  ) {
    encoder = name.make(width: width, prefix: "encoder.", on: engine)
    let decoder = ParameterSet(
      Self.decoderKeys(encoder: encoder.channels, width: width, classes: classes), on: engine)
    self.decoder = decoder
    parameters = ParameterSet(encoder.parameters.all + decoder.all)
    blocks = (0..<5).map { Block("decoder.blocks.\($0)", in: decoder) }
    head = ConvolutionLayer(
      weight: decoder["segmentation_head.0.weight"], bias: decoder["segmentation_head.0.bias"],
      padding: 1)
  }

  /// Draws first values; the decoder's do not depend on what the encoder holds.
  public func initialise(seed: UInt64, replicate: UInt64) {
    encoder.initialise(seed: seed, replicate: replicate)
    initialiseDecoder(seed: seed, replicate: replicate)
  }

  /// Draws first values for all but the encoder, whose own come from a file.
  public func initialiseDecoder(seed: UInt64, replicate: UInt64) {
    for parameter in decoder.all {
      let scheme: Initialisation =
        if parameter.name == "segmentation_head.0.weight" {
          .xavierUniform
        } else if parameter.shape.count == 4 {
          .kaimingUniformFanIn
        } else {
          .constant(
            parameter.name.hasSuffix("weight") || parameter.name.hasSuffix("running_var") ? 1 : 0)
        }
      let stream = RandomStream(
        seed: seed, purpose: "decoder-weights", replicate: replicate, key: parameter.name)
      parameter.initialise(scheme, from: stream)
    }
  }

  /// Logits at the input's size, `[N, H, W, classes]`; sides are multiples of 32.
  public func logits(_ x: Tensor, on tape: Tape) -> Tensor {
    precondition(
      x.shape[1] % 32 == 0 && x.shape[2] % 32 == 0, "the sides must be multiples of 32")
    var taps = encoder.features(x, on: tape)
    var current = taps.removeLast()
    for block in blocks { current = block.forward(current, skip: taps.popLast(), on: tape) }
    return tape.convolve(current, head)
  }
}

extension UNet {
  /// Keys and shapes of decoder and head, in segmentation_models_pytorch's order.
  ///
  /// - Parameter channels: Those of the encoder's five features, finest first.
  public static func decoderKeys(
    encoder channels: [Int], width: Double, classes: Int
  ) -> [(name: String, shape: [Int])] {
    let outputs = [256, 128, 64, 32, 16].map { scaled($0, by: width) }
    // The last block has no skip connection.
    let skips = channels.dropLast().reversed() + [0]
    var incoming = channels[4]
    var keys: [(name: String, shape: [Int])] = []
    for (block, (output, skip)) in zip(outputs, skips).enumerated() {
      let name = "decoder.blocks.\(block)"
      keys.append(("\(name).conv1.0.weight", [output, incoming + skip, 3, 3]))
      keys += NormalisationLayer.keys("\(name).conv1.1", channels: output)
      keys.append(("\(name).conv2.0.weight", [output, output, 3, 3]))
      keys += NormalisationLayer.keys("\(name).conv2.1", channels: output)
      incoming = output
    }
    keys.append(("segmentation_head.0.weight", [classes, incoming, 3, 3]))
    keys.append(("segmentation_head.0.bias", [classes]))
    return keys
  }
}

/// Doubles the image, joins the skip connection, and convolves twice.
private struct Block {
  let first: ConvolutionLayer
  let firstNorm: NormalisationLayer
  let second: ConvolutionLayer
  let secondNorm: NormalisationLayer

  init(_ name: String, in parameters: ParameterSet) {
    first = ConvolutionLayer(weight: parameters["\(name).conv1.0.weight"], padding: 1)
    firstNorm = NormalisationLayer("\(name).conv1.1", in: parameters)
    second = ConvolutionLayer(weight: parameters["\(name).conv2.0.weight"], padding: 1)
    secondNorm = NormalisationLayer("\(name).conv2.1", in: parameters)
  }

  func forward(_ x: Tensor, skip: Tensor?, on tape: Tape) -> Tensor {
    let inner = tape.convolve(
      ConvolutionInput(doubling: x, joining: skip), first, firstNorm, rectify: true)
    return tape.convolve(inner, second, secondNorm, rectify: true)
  }
}
