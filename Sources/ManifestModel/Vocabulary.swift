/// A word of a closed vocabulary, as the manifest spells it, with its description for editors.
public protocol ManifestWord: RawRepresentable, CaseIterable, Hashable, Sendable,
  CustomStringConvertible
where RawValue == String {
  /// One sentence: what choosing this word means.
  var summary: String { get }
}

extension ManifestWord {
  /// The word as the manifest spells it.
  public var description: String { rawValue }
}

/// What a model is trained to do.
public enum Task: String, ManifestWord {
  case glandSegmentation = "gland-segmentation"
  case cellSegmentation = "cell-segmentation"
  case nucleiInstanceSegmentation = "nuclei-instance-segmentation"

  public var summary: String {
    switch self {
    case .glandSegmentation: "binary segmentation of glands"
    case .cellSegmentation: "binary segmentation of cells or nuclei"
    case .nucleiInstanceSegmentation: "single nuclei, and their types if the model tells them apart"
    }
  }

  /// The decoder that gives what the task asks for.
  public var decoder: Decoder {
    switch self {
    case .glandSegmentation, .cellSegmentation: .unet
    case .nucleiInstanceSegmentation: .hovernet
    }
  }
}

/// The encoders whose initialization a study compares.
public enum Encoder: String, ManifestWord {
  case resnet18
  case resnet34
  case resnet50
  case densenet121
  public var summary: String {
    switch self {
    case .resnet18: "ResNet-18 with torchvision's layout and keys"
    case .resnet34: "ResNet-34 with torchvision's layout and keys"
    case .resnet50: "ResNet-50 with torchvision's layout and keys"
    case .densenet121: "DenseNet-121 with torchvision's layout and keys; for U-Nets"
    }
  }
}

/// What turns encoder features into an output map.
public enum Decoder: String, ManifestWord {
  case unet
  case hovernet
  public var summary: String {
    switch self {
    case .unet: "U-Net with segmentation_models_pytorch's channel plan"
    case .hovernet: "HoVer-Net's decoders, padded, over an encoder whose stem keeps the size"
    }
  }

  /// The encoders that it decodes; HoVer-Net wants a stem that keeps the image's size.
  public var encoders: [Encoder] {
    switch self {
    case .unet: Encoder.allCases
    case .hovernet: [.resnet18, .resnet34, .resnet50]
    }
  }

  /// What it minimises unless the manifest says otherwise.
  public var standardLoss: Loss {
    switch self {
    case .unet: .bceSoftDice
    case .hovernet: .hovernet
    }
  }
}

/// Self-supervised pretraining methods.
public enum PretrainingMethod: String, ManifestWord {
  case barlowTwins = "barlow-twins"
  public var summary: String { "Barlow Twins (Zbontar et al., ICML 2021)" }
}

/// Augmentations of training patches.
public enum Augmentation: String, ManifestWord {
  case none
  case geometric
  case hovernet
  public var summary: String {
    switch self {
    case .none: "random position only"
    case .geometric: "random position, flips and quarter turns"
    case .hovernet:
      "HoVer-Net's published set: any rotation, scale, shear, flips, blur or noise, colour"
    }
  }
}

/// Augmentations that make the two views of a pretraining image.
public enum ViewAugmentation: String, ManifestWord {
  case pathology
  case natural
  public var summary: String {
    switch self {
    case .pathology: "crops, both flips, quarter turns, weak colour jitter, grayscale"
    case .natural: "crops, horizontal flips, strong colour jitter, grayscale"
    }
  }
}

/// Normalisation constants by name.
public enum NormalizationName: String, ManifestWord {
  case imagenet
  case lunit
  case half
  case none
  public var summary: String {
    switch self {
    case .imagenet: "torchvision's ImageNet mean and standard deviation"
    case .lunit: "the statistics published with Lunit's pathology weights"
    case .half: "mean and standard deviation 0.5"
    case .none: "mean 0 and standard deviation 1, images in 0...1"
    }
  }

  /// Mean and standard deviation per channel for images in 0...1.
  public var constants: (mean: [Double], standardDeviation: [Double]) {
    switch self {
    case .imagenet: ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    case .lunit:
      ([0.70322989, 0.53606487, 0.66096631], [0.21716536, 0.26081574, 0.20723464])
    case .half: ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    case .none: ([0, 0, 0], [1, 1, 1])
    }
  }
}

/// Training losses.
public enum Loss: String, ManifestWord {
  case bceSoftDice = "bce-soft-dice"
  case bce
  case hovernet
  case hovernetAligned = "hovernet-aligned"
  public var summary: String {
    switch self {
    case .bceSoftDice: "binary cross-entropy plus soft Dice over batch and space, smoothing 1"
    case .bce: "binary cross-entropy"
    case .hovernet:
      "HoVer-Net's, as its published code has it: x distances are differentiated along y and y along x"
    case .hovernetAligned:
      "HoVer-Net's, as its paper has it: each distance is differentiated along its own axis"
    }
  }

  /// The decoder whose outputs it measures.
  public var decoder: Decoder {
    switch self {
    case .bceSoftDice, .bce: .unet
    case .hovernet, .hovernetAligned: .hovernet
    }
  }
}

/// What selects the checkpoint on the hold-out.
public enum SelectionMetric: String, ManifestWord {
  case dice
  case loss
  case pq
  public var summary: String {
    switch self {
    case .dice: "highest mean Dice of the hold-out images"
    case .loss: "lowest mean loss of the hold-out images"
    case .pq: "highest mean panoptic quality of the hold-out images, for tasks that name objects"
    }
  }
}

/// Corrections for testing several sizes.
public enum Correction: String, ManifestWord {
  case holm
  case bonferroni
  case benjaminiHochberg = "benjamini-hochberg"
  case none
  public var summary: String {
    switch self {
    case .holm: "Holm's step-down control of the family-wise error"
    case .bonferroni: "Bonferroni's control of the family-wise error"
    case .benjaminiHochberg: "Benjamini and Hochberg's control of the false discovery rate"
    case .none: "no correction"
    }
  }
}

/// Which comparisons are corrected together.
public enum Family: String, ManifestWord {
  case sizes
  case study
  public var summary: String {
    switch self {
    case .sizes: "all sizes of one comparison on one test set"
    case .study: "every comparison of the study that says so, pooled"
    }
  }
}

/// Artifacts that garbage collection keeps for a finished study.
public enum Keepable: String, ManifestWord {
  case measurements
  case predictions
  case weights
  public var summary: String {
    switch self {
    case .measurements: "measured values and comparisons"
    case .predictions: "predicted maps"
    case .weights: "trained weights"
    }
  }
}

/// How committed rows name images.
public enum ImageIds: String, ManifestWord {
  case plain
  case hashed
  public var summary: String {
    switch self {
    case .plain: "by their ids"
    case .hashed: "by the first 12 digits of a digest of their ids"
    }
  }
}
