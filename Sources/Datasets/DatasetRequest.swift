/// What a study asks of a dataset on disk.
public struct DatasetRequest: Hashable, Sendable {
  /// The formats that are read from files.
  public enum Format: Hashable, Sendable {
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
    case imageMaskFolder
    case imageFolder
  }

  /// What the values of a folder's masks mean; `FolderFormat` says it exactly.
  public enum MaskKind: Hashable, Sendable {
    case any, binary, instances, classes
  }

  /// Where a folder dataset keeps what, relative to its root; published formats fix their own.
  public struct Layout: Hashable, Sendable {
    /// The folder of images; `.` is the root.
    public var images: String
    /// The folder of masks; not read for `imageFolder`.
    public var masks: String
    /// A CSV with a `stem` (or `name`) column, optionally `split`, and any others.
    public var table: String?
    /// The table's column that names the split; `nil`: `split`.
    public var splitColumn: String?
    public var mask: MaskKind
    /// The classes 1, 2, ... of masks whose values are classes.
    public var classes: [String]
    /// The pixel size of the files in micrometres.
    public var filePixelSize: Double?

    public init(
      images: String = "images", masks: String = "masks", table: String? = nil,
      splitColumn: String? = nil, mask: MaskKind = .any, classes: [String] = [],
      filePixelSize: Double? = nil
    ) {
      self.images = images
      self.masks = masks
      self.table = table
      self.splitColumn = splitColumn
      self.mask = mask
      self.classes = classes
      self.filePixelSize = filePixelSize
    }
  }

  public var format: Format
  /// The column that names the patient; `nil`: each image is its own.
  public var group: String?
  /// The column that names the stratum; `nil`: there is one.
  public var stratify: String?
  /// The pixel size to resample to, in micrometres; `nil` keeps the files' own.
  public var pixelSize: Double?
  public var layout: Layout
  /// Whether CoNSeP's seven classes become the four of its paper.
  public var mergesClasses: Bool
  /// Whether an image or a patient in two splits refuses the dataset; else it is a warning.
  public var refusesLeakage: Bool

  public init(
    format: Format, group: String? = nil, stratify: String? = nil, pixelSize: Double? = nil,
    layout: Layout = Layout(), mergesClasses: Bool = true, refusesLeakage: Bool = false
  ) {
    self.format = format
    self.group = group
    self.stratify = stratify
    self.pixelSize = pixelSize
    self.layout = layout
    self.mergesClasses = mergesClasses
    self.refusesLeakage = refusesLeakage
  }

  /// The names of the object classes 1, 2, ...; `nil` if the format has none.
  public var classes: [String]? { reader.classes }

  /// What reads the format.
  var reader: any DatasetFormatReader {
    switch format {
    case .glas: GlasFormat()
    case .crag: CragFormat()
    case .monuseg: MonusegFormat()
    case .kumar: KumarFormat()
    case .cpm15: CPMFormat(year: 15)
    case .cpm17: CPMFormat(year: 17)
    case .consep: ConsepFormat(isMerged: mergesClasses)
    case .tnbc: TNBCFormat(table: layout.table)
    case .pannuke: PanNukeFormat()
    case .lizard: LizardFormat()
    case .dsb2018: DSB2018Format(table: layout.table, splitColumn: layout.splitColumn)
    case .nucls: NuCLSFormat()
    case .imageMaskFolder, .imageFolder: FolderFormat(request: self)
    }
  }
}
