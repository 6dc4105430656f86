internal import Core
internal import Execution
internal import ManifestModel
internal import Networks

// The one place where the manifest's words for networks become the networks' own.

extension EncoderName {
  /// The network that a word of the manifest means.
  init(_ word: ManifestModel.Encoder) {
    self =
      switch word {
      case .resnet18: .resNet18
      case .resnet34: .resNet34
      case .resnet50: .resNet50
      case .densenet121: .denseNet121
      }
  }
}

extension SegmentationLoss {
  /// The loss of a U-Net that a word means; `nil` for another decoder's.
  init?(_ word: Loss) {
    switch word {
    case .bceSoftDice: self = .crossEntropyAndDice
    case .bce: self = .crossEntropy
    case .hovernet, .hovernetAligned: return nil
    }
  }
}

extension HoVerNetLoss {
  /// The loss of a HoVer-Net that a word means; `nil` for another decoder's.
  init?(_ word: Loss) {
    switch word {
    case .hovernet: self = .published
    case .hovernetAligned: self = .aligned
    case .bceSoftDice, .bce: return nil
    }
  }
}

extension StepContext {
  /// The encoder that the step's model has.
  var encoder: EncoderName { EncoderName(Encoder(rawValue: text("model.encoder"))!) }

  /// The decoder that the step's model has.
  var decoder: Decoder { Decoder(rawValue: text("model.decoder"))! }

  /// Types of nuclei that the step's model tells apart, the background not counted; 0 for none.
  var types: Int { action.parameters["model.types"]?.integer ?? 0 }

  /// The residual encoder of a HoVer-Net.
  var residualEncoder: ResNet.Variant {
    guard let variant = encoder.resNet else {
      preconditionFailure("a valid study gives HoVer-Net a residual encoder")
    }
    return variant
  }
}
