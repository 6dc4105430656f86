public import Core

/// One of the eight symmetries of a square.
public struct Dihedral: Hashable, Sendable, CaseIterable {
  /// Whether rows and columns change places, before the flips.
  public var transposes: Bool
  public var flipsHorizontally: Bool
  public var flipsVertically: Bool

  /// A symmetry by number, 0..<8; 0 changes nothing.
  public init(_ number: Int) {
    precondition(0..<8 ~= number, "a square has eight symmetries")
    transposes = number & 4 != 0
    flipsHorizontally = number & 1 != 0
    flipsVertically = number & 2 != 0
  }

  public static let identity = Dihedral(0)
  public static let allCases = (0..<8).map { Dihedral($0) }

  /// Where a patch's pixel comes from, for a square of the given side.
  func source(x: Int, y: Int, side: Int) -> (x: Int, y: Int) {
    let (fx, fy) = (flipsHorizontally ? side - 1 - x : x, flipsVertically ? side - 1 - y : y)
    return transposes ? (fy, fx) : (fx, fy)
  }
}

/// Cuts square training patches out of images and masks.
public enum PatchSampler {
  /// Where a patch lies and how it is turned.
  public struct Placement: Hashable, Sendable {
    /// The column and row of the upper left corner.
    public var x: Int
    public var y: Int
    public var symmetry: Dihedral

    public init(x: Int, y: Int, symmetry: Dihedral = .identity) {
      self.x = x
      self.y = y
      self.symmetry = symmetry
    }
  }

  /// A uniform position inside the image and, if asked for, a uniform symmetry; always three draws.
  ///
  /// Along a side that is shorter than the patch the position is 0 and the rest is padding.
  public static func draw(
    width: Int, height: Int, side: Int, isTurned: Bool, stream: inout RandomStream
  ) -> Placement {
    let x = stream.index(below: max(0, width - side) + 1)
    let y = stream.index(below: max(0, height - side) + 1)
    let number = stream.index(below: 8)
    return Placement(x: x, y: y, symmetry: isTurned ? Dihedral(number) : .identity)
  }

  /// Writes a normalised patch of an image.
  ///
  /// | argument | shape             | element | access    |
  /// |----------|-------------------|---------|-----------|
  /// | `buffer` | `[side, side, 3]` | Float32 | overwrite |
  ///
  /// Beyond the image's edges pixels are reflected without repeating the edge.
  public static func copy(
    _ image: RGBImage, at placement: Placement, side: Int, normalization: ChannelNormalization,
    into buffer: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(buffer.count == 3 * side * side, "the buffer does not hold the patch")
    let (scale, offset) = (normalization.scale, normalization.offset)
    let columns = reflectedIndices(from: placement.x, count: side, length: image.width)
    let rows = reflectedIndices(from: placement.y, count: side, length: image.height)
    for y in 0..<side {
      for x in 0..<side {
        let source = placement.symmetry.source(x: x, y: y, side: side)
        let i = 3 * (rows[source.y] * image.width + columns[source.x])
        let o = 3 * (y * side + x)
        buffer[o] = Float(image.pixels[i]) * scale.x + offset.x
        buffer[o + 1] = Float(image.pixels[i + 1]) * scale.y + offset.y
        buffer[o + 2] = Float(image.pixels[i + 2]) * scale.z + offset.z
      }
    }
  }

  /// Writes a patch of a mask: 1 where there is any label, 0 elsewhere; padded as the image is.
  ///
  /// - Parameter buffer: `[side, side]`, overwritten.
  public static func copy(
    _ map: LabelMap, at placement: Placement, side: Int,
    into buffer: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(buffer.count == side * side, "the buffer does not hold the patch")
    let columns = reflectedIndices(from: placement.x, count: side, length: map.width)
    let rows = reflectedIndices(from: placement.y, count: side, length: map.height)
    for y in 0..<side {
      for x in 0..<side {
        let source = placement.symmetry.source(x: x, y: y, side: side)
        buffer[y * side + x] =
          map.labels[rows[source.y] * map.width + columns[source.x]] == 0 ? 0 : 1
      }
    }
  }

  /// A patch of a map with its labels as they are; padded as the image is.
  public static func labels(of map: LabelMap, at placement: Placement, side: Int) -> LabelMap {
    let columns = reflectedIndices(from: placement.x, count: side, length: map.width)
    let rows = reflectedIndices(from: placement.y, count: side, length: map.height)
    var patch = LabelMap(width: side, height: side)
    for y in 0..<side {
      for x in 0..<side {
        let source = placement.symmetry.source(x: x, y: y, side: side)
        patch[x, y] = map.labels[rows[source.y] * map.width + columns[source.x]]
      }
    }
    return patch
  }

  /// Indices `start ..< start + count`, reflected into `0 ..< length` without repeating the edge.
  private static func reflectedIndices(from start: Int, count: Int, length: Int) -> [Int] {
    (start..<start + count).map { reflected($0, length: length) }
  }

  /// An index reflected into `0 ..< length` without repeating the edge.
  static func reflected(_ index: Int, length: Int) -> Int {
    let period = max(1, 2 * (length - 1))
    let folded = (index % period + period) % period
    return folded < length ? folded : period - folded
  }
}
