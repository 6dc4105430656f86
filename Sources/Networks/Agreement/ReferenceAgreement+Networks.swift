internal import Learning

extension ReferenceAgreement {
  /// A network's outputs in inference mode; infinite if its keys or shapes are not the file's.
  func network(_ key: String, on engine: Engine) -> Double {
    guard let row = figures.networks[key],
      let (parameters, forward) = makeNetwork(key, row, on: engine),
      parameters.all.map(\.name) == row.parameters.map(\.name),
      parameters.all.map(\.shape) == row.parameters.map(\.shape)
    else { return .infinity }
    fill(parameters)
    let isRaw = key.hasPrefix("hovernet")
    let x = images(row.inputShape, scale: isRaw ? 255 : 1, on: engine)
    let outputs = forward(x, Tape(.inference, on: engine))
    guard Set(outputs.keys) == Set(row.outputs.keys) else { return .infinity }
    return row.outputs.map { name, summary in
      outputs[name].map { distance(summary, $0.array) } ?? .infinity
    }.max() ?? .infinity
  }

  private typealias Forward = (_ x: Tensor, _ tape: Tape) -> [String: Tensor]

  /// The network of a key, with as many classes as the file has outputs.
  private func makeNetwork(
    _ key: String, _ row: ReferenceFigures.Forward, on engine: Engine
  ) -> (ParameterSet, Forward)? {
    if key.hasPrefix("hovernet") {
      let network = HoVerNet(
        .published(key.contains("original") ? .original : .fast),
        types: row.outputs["tp"]?.shape[1], on: engine)
      return (
        network.parameters,
        { x, tape in
          let outputs = network.forward(x, on: tape)
          var all = ["np": outputs.nuclei, "hv": outputs.distances]
          all["tp"] = outputs.types
          return all
        }
      )
    }
    guard let classes = row.outputs["y"]?.shape[1],
      let network = Classifier(key, classes: classes, side: row.inputShape[2], on: engine)
    else { return nil }
    return (network.parameters, { x, tape in ["y": network.logits(x, tape)] })
  }

  /// Each stage's mean over pixels.
  func truncatedFeatures(_ key: String, on engine: Engine) -> Double {
    guard let row = figures.truncated[key], let forward = figures.networks[key] else {
      return .infinity
    }
    let stages: [(name: String, tensor: Tensor)]
    let tape = Tape(.inference, on: engine)
    let x = images(forward.inputShape, on: engine)
    if let variant = ResNet.Variant(rawValue: key) {
      let network = ResNet(variant, on: engine)
      fill(network.parameters)
      stages = network.features(x, on: tape).enumerated().dropFirst().map {
        ("layer\($0.offset)_gap", $0.element)
      }
    } else if key == EncoderName.denseNet121.rawValue {
      let network = DenseNet(on: engine)
      fill(network.parameters)
      let outputs = network.blockOutputs(x, on: tape)
      stages = outputs.enumerated().map {
        ($0.offset < 4 ? "denseblock\($0.offset + 1)_gap" : "norm5_gap", $0.element)
      }
    } else {
      return .infinity
    }
    guard Set(stages.map(\.name)) == Set(row.keys) else { return .infinity }
    return stages.map { stage in
      row[stage.name].map { distance($0, tape.globalAverage(stage.tensor).array) } ?? .infinity
    }.max() ?? .infinity
  }
}

/// A network with one output, by the name that the reference files give it.
struct Classifier {
  let parameters: ParameterSet
  let logits: (_ x: Tensor, _ tape: Tape) -> Tensor

  /// - Parameter side: Of the images; position embeddings depend on it.
  init?(_ key: String, classes: Int, side: Int, on engine: Engine) {
    let name = key.prefix { $0 != "(" }
    if let variant = ResNet.Variant(rawValue: String(name)) {
      let network = ResNet(variant, classes: classes, on: engine)
      (parameters, logits) = (network.parameters, network.logits)
    } else if name == "densenet121" {
      let network = DenseNet(classes: classes, on: engine)
      (parameters, logits) = (network.parameters, network.logits)
    } else if name.hasPrefix("vit_small_patch") {
      let digits = name.dropFirst("vit_small_patch".count).prefix { $0.isNumber }
      guard let patch = Int(digits) else { return nil }
      let network = VisionTransformer(
        patch: patch, imageSize: side, classes: classes, on: engine)
      (parameters, logits) = (network.parameters, network.logits)
    } else if name.hasPrefix("unet_"),
      let encoder = EncoderName(rawValue: String(name.split(separator: "_")[1]))
    {
      let network = UNet(encoder: encoder, classes: classes, on: engine)
      (parameters, logits) = (network.parameters, network.logits)
    } else {
      return nil
    }
  }
}
