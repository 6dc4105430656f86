public import Core

/// A named set of images.
public struct Dataset: Hashable, Sendable {
  public var name: Located<String>
  public var format: Located<DatasetFormat>
  /// Where the files lie, made absolute against the file that says so; `nil` for synthetic sets.
  public var root: Located<Path>?
  /// The column that names the patient, or `patient` where the format knows it; `nil`: each image
  /// is its own group.
  public var group: Located<String>?
  /// The column whose balance the subset draw keeps.
  public var stratify: Located<String>?
  /// The pixel size to resample to on import, in micrometres; `nil` keeps the files' own.
  public var pixelSize: Located<Double>?
  /// The digest that the listing of the files must have.
  public var digest: Located<Digest>?
  /// The layout of an `image-mask-folder` or `image-folder`; `nil` for other formats.
  public var folder: FolderLayout?
  /// How the files are read, where that is a choice.
  public var reading: ReadingOptions
  /// The recipe of a synthetic set; `nil` for other formats.
  public var synthesis: Synthesis?

  public init(
    name: Located<String>, format: Located<DatasetFormat>, root: Located<Path>? = nil,
    group: Located<String>? = nil, stratify: Located<String>? = nil,
    pixelSize: Located<Double>? = nil, digest: Located<Digest>? = nil,
    folder: FolderLayout? = nil, reading: ReadingOptions = ReadingOptions(),
    synthesis: Synthesis? = nil
  ) {
    self.name = name
    self.format = format
    self.root = root
    self.group = group
    self.stratify = stratify
    self.pixelSize = pixelSize
    self.digest = digest
    self.folder = folder
    self.reading = reading
    self.synthesis = synthesis
  }
}

/// A split of a dataset by name, `glas/testA`.
public struct SplitReference: Hashable, Sendable, CustomStringConvertible {
  public var dataset: String
  public var split: String
  public init(dataset: String, split: String) {
    self.dataset = dataset
    self.split = split
  }
  public var description: String { "\(dataset)/\(split)" }
}

/// Where a folder dataset keeps images, masks and the table of its samples, relative to its root.
public struct FolderLayout: Hashable, Sendable {
  /// Default `images`; `.` for an `image-folder`.
  public var images: Located<String>
  /// Default `masks`.
  public var masks: Located<String>
  /// A CSV with a `stem` (or `name`) column, a `split` column, and any others; `nil`: all is `train`.
  public var table: Located<String>?
  /// The pixel size of the files in micrometres, needed to resample.
  public var filePixelSize: Located<Double>?

  public init(
    images: Located<String>, masks: Located<String>, table: Located<String>?,
    filePixelSize: Located<Double>?
  ) {
    self.images = images
    self.masks = masks
    self.table = table
    self.filePixelSize = filePixelSize
  }
}

/// How a dataset's files are read, where that is a choice.
///
/// What is absent is in no identity, so that studies written before an option existed keep theirs.
public struct ReadingOptions: Hashable, Sendable {
  /// The pixel size of a published format's files in micrometres, against what the format says.
  public var filePixelSize: Located<Double>?
  /// A CSV of the splits of a published format that fixes none.
  public var table: Located<String>?
  /// The table's column that names the split; `nil`: `split`.
  public var splitColumn: Located<String>?
  /// What an image or a patient in two splits means; `nil` is `warn`.
  public var leakage: Located<Leakage>?
  /// What the values of a folder's masks mean; `nil` is `any`.
  public var mask: Located<MaskKind>?
  /// The names of the classes 1, 2, ... of masks whose values are classes.
  public var classes: [Located<String>]
  /// Which of CoNSeP's classes are told apart; `nil` is `merged`.
  public var classMerge: Located<ClassMerge>?

  public init(
    filePixelSize: Located<Double>? = nil, table: Located<String>? = nil,
    splitColumn: Located<String>? = nil, leakage: Located<Leakage>? = nil,
    mask: Located<MaskKind>? = nil, classes: [Located<String>] = [],
    classMerge: Located<ClassMerge>? = nil
  ) {
    self.filePixelSize = filePixelSize
    self.table = table
    self.splitColumn = splitColumn
    self.leakage = leakage
    self.mask = mask
    self.classes = classes
    self.classMerge = classMerge
  }
}

/// The recipe of a synthetic dataset; equal recipes give equal bytes.
public struct Synthesis: Hashable, Sendable {
  /// One split and how many images it holds.
  public struct Split: Hashable, Sendable {
    public var name: Located<String>
    public var count: Located<Int>
    public init(name: Located<String>, count: Located<Int>) {
      self.name = name
      self.count = count
    }
  }
  /// In the manifest's order.
  public var splits: [Split]
  /// The side of each square image in pixels.
  public var size: Located<Int>
  /// What is drawn depends on this seed; the scanner does not enter it.
  public var seed: Located<Int>
  /// 0 is the reference scanner; others shift stain, brightness, blur and noise.
  public var scanner: Located<Int>
  /// How many images one synthetic patient contributes.
  public var imagesPerPatient: Located<Int>

  public init(
    splits: [Split], size: Located<Int>, seed: Located<Int>, scanner: Located<Int>,
    imagesPerPatient: Located<Int>
  ) {
    self.splits = splits
    self.size = size
    self.seed = seed
    self.scanner = scanner
    self.imagesPerPatient = imagesPerPatient
  }
}
