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

/// The dataset formats that Microtome reads or makes.
public enum DatasetFormat: String, ManifestWord {
  case glas
  case imageMaskFolder = "image-mask-folder"
  case imageFolder = "image-folder"
  case syntheticTissue = "synthetic-tissue"
  case syntheticShapes = "synthetic-shapes"

  public var summary: String {
    switch self {
    case .glas: "GlaS 2015 gland segmentation in its official flat layout, BMP or PNG"
    case .imageMaskFolder: "two folders of images and masks paired by stem, with a CSV for splits"
    case .imageFolder: "unlabelled images in a folder, for pretraining"
    case .syntheticTissue: "generated H&E-like tissue with glands and their masks"
    case .syntheticShapes: "generated images of coloured shapes, not pathology, for pretraining"
    }
  }

  /// Whether the images are generated and no root is read.
  public var isSynthetic: Bool { self == .syntheticTissue || self == .syntheticShapes }

  /// Whether every image comes with a mask.
  public var isLabelled: Bool { self != .imageFolder && self != .syntheticShapes }

  /// The splits that the format itself fixes; `nil` where the dataset declares its own.
  public var fixedSplits: [String]? {
    switch self {
    case .glas: ["train", "testA", "testB"]
    case .imageFolder: ["train"]
    case .imageMaskFolder, .syntheticTissue, .syntheticShapes: nil
    }
  }
}

/// What a model is trained to do.
public enum Task: String, ManifestWord {
  case glandSegmentation = "gland-segmentation"
  case cellSegmentation = "cell-segmentation"

  public var summary: String {
    switch self {
    case .glandSegmentation: "binary segmentation of glands"
    case .cellSegmentation: "binary segmentation of cells or nuclei"
    }
  }

  /// What predictions name, and metrics may ask for; objects are connected components here.
  public var prediction: Metric.Requirement {
    switch self {
    case .glandSegmentation, .cellSegmentation: .objects
    }
  }
}

/// The encoders whose initialization a study compares.
public enum Encoder: String, ManifestWord {
  case resnet18
  public var summary: String { "ResNet-18 with torchvision's layout and keys" }
}

/// What turns encoder features into an output map.
public enum Decoder: String, ManifestWord {
  case unet
  public var summary: String { "U-Net with segmentation_models_pytorch's channel plan" }
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
  public var summary: String {
    switch self {
    case .none: "random position only"
    case .geometric: "random position, flips and quarter turns"
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
  public var summary: String {
    switch self {
    case .bceSoftDice: "binary cross-entropy plus soft Dice over batch and space, smoothing 1"
    case .bce: "binary cross-entropy"
    }
  }
}

/// What selects the checkpoint on the hold-out.
public enum SelectionMetric: String, ManifestWord {
  case dice
  case loss
  public var summary: String {
    switch self {
    case .dice: "highest mean Dice of the hold-out images"
    case .loss: "lowest mean loss of the hold-out images"
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
