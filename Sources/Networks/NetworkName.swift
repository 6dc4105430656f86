/// The networks by the names that programs take on their command lines.
public enum NetworkName: String, Hashable, Sendable, CaseIterable {
  case resNet18 = "resnet18"
  case resNet34 = "resnet34"
  case resNet50 = "resnet50"
  case denseNet121 = "densenet121"
  /// Patches of 16 pixels.
  case vitS16 = "vit-s16"
  /// Patches of 8 pixels.
  case vitS8 = "vit-s8"
  case unetResNet18 = "unet-resnet18"
  case unetResNet34 = "unet-resnet34"
  case unetResNet50 = "unet-resnet50"
  case unetDenseNet121 = "unet-densenet121"
  /// The published form for 256 pixels, with 6 types.
  case hoVerNetFast = "hovernet-fast"
  /// The published form for 270 pixels, without types.
  case hoVerNetOriginal = "hovernet-original"
  /// Over torchvision's encoder, with 6 types.
  case hoVerNetResNet50 = "hovernet-resnet50"

  /// Whether its channel counts can be scaled.
  public var isScalable: Bool {
    switch self {
    case .vitS16, .vitS8, .hoVerNetFast, .hoVerNetOriginal, .hoVerNetResNet50: false
    default: true
    }
  }

  /// The side of the images that the network is made for.
  public var usualSide: Int {
    switch self {
    case .resNet18, .resNet34, .resNet50, .denseNet121, .vitS16, .vitS8: 224
    case .hoVerNetOriginal: 270
    default: 256
    }
  }
}
