internal import ArgumentParser
internal import Learning
internal import Networks

extension Workload {
  /// Every network the benchmark knows, in the order it lists them.
  static let entries: [Entry] =
    [
      classifier("resnet18") { ResNet(.resNet18, width: $1.width, classes: classes, on: $0) },
      classifier("resnet34") { ResNet(.resNet34, width: $1.width, classes: classes, on: $0) },
      classifier("resnet50") { ResNet(.resNet50, width: $1.width, classes: classes, on: $0) },
      classifier("densenet121") { DenseNet(width: $1.width, classes: classes, on: $0) },
      transformer("vit-s16", patch: 16),
      transformer("vit-s8", patch: 8),
    ] + EncoderName.allCases.map(unet) + [
      hoverNet("hovernet-fast", .fast, types: 6, side: 256, margin: 92),
      hoverNet("hovernet-original", .original, types: nil, side: 270, margin: 190),
    ]

  /// The network of a name.
  ///
  /// - Throws: A `ValidationError` that says which names there are.
  static func entry(named name: String) throws -> Entry {
    guard let entry = entries.first(where: { $0.name == name }) else {
      let names = entries.map(\.name).joined(separator: ", ")
      throw ValidationError("no network is named `\(name)`; the networks are \(names)")
    }
    return entry
  }

  private static func classifier(
    _ name: String, _ make: @escaping @Sendable (Engine, Sizes) -> any Classifier
  ) -> Entry {
    Entry(name: name, kind: .classification, side: 224) { engine, sizes in
      let network = make(engine, sizes)
      network.initialise(seed: 1, replicate: 0)
      return Made(parameters: network.parameters) { [network.logits($0, on: $1)] }
    }
  }

  private static func transformer(_ name: String, patch: Int) -> Entry {
    var entry = classifier(name) { engine, sizes in
      VisionTransformer(patch: patch, imageSize: sizes.side, classes: classes, on: engine)
    }
    entry.isScalable = false
    return entry
  }

  private static func unet(_ encoder: EncoderName) -> Entry {
    Entry(name: "unet-\(encoder.rawValue)", kind: .segmentation, side: 256) { engine, sizes in
      let network = UNet(encoder: encoder, width: sizes.width, classes: 1, on: engine)
      network.initialise(seed: 1, replicate: 0)
      return Made(parameters: network.parameters) { [network.logits($0, on: $1)] }
    }
  }

  private static func hoverNet(
    _ name: String, _ mode: HoVerNet.Mode, types: Int?, side: Int, margin: Int
  ) -> Entry {
    Entry(
      name: name, kind: .nuclei(types: types, margin: margin), side: side, isScalable: false
    ) { engine, _ in
      let network = HoVerNet(.published(mode), types: types, on: engine)
      network.initialise(seed: 1, replicate: 0)
      return Made(parameters: network.parameters) { x, tape in
        let outputs = network.forward(x, on: tape)
        return [outputs.nuclei, outputs.distances] + (outputs.types.map { [$0] } ?? [])
      }
    }
  }
}

/// What the classifiers have in common here.
private protocol Classifier: AnyObject {
  var parameters: ParameterSet { get }
  func initialise(seed: UInt64, replicate: UInt64)
  func logits(_ x: Tensor, on tape: Tape) -> Tensor
}

extension ResNet: Classifier {}
extension DenseNet: Classifier {}
extension VisionTransformer: Classifier {}
