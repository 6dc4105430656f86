/// What a study asks of a dataset on disk.
public struct DatasetRequest: Hashable, Sendable {
  /// The formats that are read from files.
  public enum Format: Hashable, Sendable {
    case glas
    case imageMaskFolder
    case imageFolder
  }

  /// Where a folder dataset keeps what, relative to its root; GlaS fixes its own.
  public struct Layout: Hashable, Sendable {
    /// The folder of images; `.` is the root.
    public var images: String
    /// The folder of masks; not read for `imageFolder`.
    public var masks: String
    /// A CSV with a `stem` (or `name`) column, optionally `split`, and any others.
    public var table: String?
    /// The pixel size of the files in micrometres.
    public var filePixelSize: Double?

    public init(
      images: String = "images", masks: String = "masks", table: String? = nil,
      filePixelSize: Double? = nil
    ) {
      self.images = images
      self.masks = masks
      self.table = table
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

  public init(
    format: Format, group: String? = nil, stratify: String? = nil, pixelSize: Double? = nil,
    layout: Layout = Layout()
  ) {
    self.format = format
    self.group = group
    self.stratify = stratify
    self.pixelSize = pixelSize
    self.layout = layout
  }
}
