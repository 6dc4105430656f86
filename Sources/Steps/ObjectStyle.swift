public import Imaging
public import ManifestModel

/// How objects of a task are called, coloured and taken up by QuPath.
public struct ObjectStyle: Hashable, Sendable {
  /// Many nuclei or cells are detections; a few glands are annotations, which can be edited.
  public var kind: QuPathGeoJSON.Kind
  /// What an object is where the network tells no types apart: `Nucleus`.
  public var name: String
  /// The names of the types 1, 2, ...; types beyond them are numbered.
  public var types: [String]

  public init(of task: Task, types: [String] = []) {
    switch task {
    case .glandSegmentation: (kind, name) = (.annotation, "Gland")
    case .cellSegmentation: (kind, name) = (.detection, "Cell")
    case .nucleiInstanceSegmentation: (kind, name) = (.detection, "Nucleus")
    }
    self.types = types
  }

  /// The class of an object; none where the network tells types apart and found none.
  ///
  /// - Parameter type: From 1, 0 if none was found; `nil` where the network has no types.
  func classification(ofType type: Int?) -> QuPathGeoJSON.Classification? {
    guard let type else { return .init(name: name, colour: Overlay.predictionColour) }
    guard type > 0 else { return nil }
    return .init(
      name: type <= types.count ? types[type - 1] : "Type \(type)", colour: Self.colour(of: type))
  }

  /// The palette of Okabe and Ito (2008), which all colour vision tells apart, without its black,
  /// which is lost on nuclei.
  private static let palette = [
    RGB(230, 159, 0), RGB(86, 180, 233), RGB(0, 158, 115), RGB(240, 228, 66), RGB(0, 114, 178),
    RGB(213, 94, 0), RGB(204, 121, 167),
  ]

  /// A type's colour depends on its number alone; each further round of the palette is darker.
  private static func colour(of type: Int) -> RGB {
    let colour = palette[(type - 1) % palette.count]
    let rounds = (type - 1) / palette.count
    func shade(_ value: UInt8) -> UInt8 { UInt8(Int(value) * 2 / (2 + rounds)) }
    return RGB(shade(colour.red), shade(colour.green), shade(colour.blue))
  }
}
