/// How a mask becomes objects: holes are filled, then connected components that are large enough count.
public struct ObjectRule: Hashable, Sendable {
  /// Which holes become foreground.
  public enum Holes: Hashable, Sendable {
    case kept
    case filled
    /// Those of at most so many pixels.
    case filledUpTo(Int)
  }

  public var connectivity: ConnectedComponents.Connectivity
  public var holes: Holes
  /// The pixels of the smallest object, its filled holes counted.
  public var minimumSize: Int

  public init(
    connectivity: ConnectedComponents.Connectivity = .eight, holes: Holes = .kept,
    minimumSize: Int = 1
  ) {
    self.connectivity = connectivity
    self.holes = holes
    self.minimumSize = minimumSize
  }

  /// The objects of a mask; `nil` if there are more than 65,535.
  public func objects(of mask: Mask) -> LabelMap? {
    // What foreground connects across a corner, background does not, and the other way round.
    let background: ConnectedComponents.Connectivity = connectivity == .eight ? .four : .eight
    var mask = mask
    switch holes {
    case .kept: break
    case .filled: mask = mask.fillingHoles(connectivity: background)
    case .filledUpTo(let largest):
      mask = mask.fillingHoles(upTo: largest, connectivity: background)
    }
    return ConnectedComponents(
      of: mask.withoutRegions(smallerThan: minimumSize, connectivity: connectivity),
      connectivity: connectivity
    ).labelMap
  }
}
