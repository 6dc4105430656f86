public import Imaging

/// One image of a dataset, decoded and checked.
public struct ImportedSample: Hashable, Sendable {
  /// The file's stem; for folders the path below the image folder without its extension.
  public var id: String
  public var split: String
  /// The value of the group column, or the id.
  public var patient: String
  /// The value of the stratify column, or empty.
  public var stratum: String
  public var image: RGBImage
  /// As large as the image; `nil` in unlabelled sets.
  public var labels: LabelMap?
  /// The class of object `i + 1` of `labels`, from 1; `nil` if the format has no classes.
  public var classes: [Int]?
  /// Micrometres a pixel of `image`, after resampling; `nil` if the files' own is not known.
  public var pixelSize: Double?
  /// How many objects the labels show; 0 in unlabelled sets.
  public var objects: Int

  public init(
    id: String, split: String, patient: String, stratum: String, image: RGBImage,
    labels: LabelMap?, classes: [Int]? = nil, pixelSize: Double?, objects: Int
  ) {
    self.id = id
    self.split = split
    self.patient = patient
    self.stratum = stratum
    self.image = image
    self.labels = labels
    self.classes = classes
    self.pixelSize = pixelSize
    self.objects = objects
  }
}
