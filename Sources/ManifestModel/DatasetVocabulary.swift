/// The dataset formats that Microtome reads or makes.
public enum DatasetFormat: String, ManifestWord {
  case glas
  case crag
  case monuseg
  case kumar
  case cpm15
  case cpm17
  case consep
  case tnbc
  case pannuke
  case lizard
  case dsb2018
  case nucls
  case imageMaskFolder = "image-mask-folder"
  case imageFolder = "image-folder"
  case syntheticTissue = "synthetic-tissue"
  case syntheticShapes = "synthetic-shapes"

  public var summary: String {
    switch self {
    case .glas: "GlaS 2015 gland segmentation in its official flat layout, BMP or PNG"
    case .crag: "CRAG colorectal glands, `train` and `valid` with `Images` and `Annotation`"
    case .monuseg: "MoNuSeg or Kumar nuclei, TIFF with Aperio XML outlines"
    case .kumar: "Kumar nuclei in HoVer-Net's copy, `Images` with `Labels` in MAT"
    case .cpm15: "CPM-15 nuclei in HoVer-Net's copy"
    case .cpm17: "CPM-17 nuclei in HoVer-Net's copy"
    case .consep: "CoNSeP nuclei with types, `Images` with `Labels` in MAT"
    case .tnbc: "TNBC breast cancer nuclei, `Slide_01` with binary `GT_01`"
    case .pannuke: "PanNuke nuclei with types of 19 tissues, NPY arrays in three folds"
    case .lizard: "Lizard colon nuclei with types, PNG with MAT labels and `info.csv`"
    case .dsb2018: "the 2018 Data Science Bowl's nuclei, one mask for each"
    case .nucls: "the NuCLS sample of breast nuclei with types, PNG with pickled NPY labels"
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
    case .crag: ["train", "valid"]
    case .kumar: ["train", "test_same", "test_diff"]
    case .monuseg, .cpm17, .consep, .nucls: ["train", "test"]
    case .pannuke, .lizard: ["fold1", "fold2", "fold3"]
    case .cpm15, .imageFolder: ["train"]
    case .tnbc, .dsb2018, .imageMaskFolder, .syntheticTissue, .syntheticShapes: nil
    }
  }

  /// The extensions of its labels, in lower case, besides those of images and tables.
  public var labelSuffixes: Set<String> {
    switch self {
    case .monuseg: ["xml"]
    case .kumar, .cpm15, .cpm17, .consep, .lizard: ["mat"]
    case .pannuke, .nucls: ["npy"]
    case .glas, .crag, .tnbc, .dsb2018, .imageMaskFolder, .imageFolder, .syntheticTissue,
      .syntheticShapes:
      []
    }
  }

  /// Whether the format, or each of its files, says how large a pixel is.
  public var knowsPixelSize: Bool {
    switch self {
    case .glas, .crag, .monuseg, .kumar, .consep, .tnbc, .pannuke, .lizard: true
    case .cpm15, .cpm17, .dsb2018, .nucls, .imageMaskFolder, .imageFolder, .syntheticTissue,
      .syntheticShapes:
      false
    }
  }
}

/// What it means that an image or a patient is in two splits of a dataset, or an image that another
/// dataset is tested on is trained on.
public enum Leakage: String, ManifestWord {
  case warn
  case refuse
  public var summary: String {
    switch self {
    case .warn: "a warning that names the images"
    case .refuse: "an error: the dataset is not used"
    }
  }
}

/// What the values of a mask mean.
public enum MaskKind: String, ManifestWord {
  case any
  case binary
  case instances
  case classes
  public var summary: String {
    switch self {
    case .any: "0 is background, anything else foreground; several values are kept as objects"
    case .binary: "0 is background; objects are 8-connected regions of the rest"
    case .instances: "a value is an object's number"
    case .classes: "a value is a class of `classes`; objects are 8-connected regions of one class"
    }
  }
}

/// Which of CoNSeP's classes are told apart.
public enum ClassMerge: String, ManifestWord {
  case merged
  case all
  public var summary: String {
    switch self {
    case .merged: "the four of its paper: miscellaneous, inflammatory, epithelial, spindle-shaped"
    case .all: "the seven that were annotated"
    }
  }
}
