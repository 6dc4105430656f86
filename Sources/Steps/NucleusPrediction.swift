internal import Imaging
internal import Networks

/// Predicts nuclei in images larger than a window.
///
/// Distances near a window's edge are those of nuclei that it cuts, so windows are not averaged: each
/// pixel is taken from the window whose middle it is nearest to. Post-processing then sees the image as
/// one tile; its thresholds are relative to the extremes of the tile, so they do not depend on windows.
///
/// A published network predicts the middle of its window alone. Its windows lie as the published code has
/// them: their middles side by side from the image's corner on, and the image reflected around itself.
struct NucleusPrediction {
  let network: NucleusNetwork
  let window: Int
  let stride: Int
  let normalization: Normalization

  /// Nuclei numbered from 1, and the type of each; none where the network has no types.
  struct Nuclei {
    var instances: LabelMap
    var types: [Int]
  }

  /// Windows that go through the network together; a memory bound, no part of the result.
  private static let batch = 4

  /// The nuclei of an image; `nil` if there are more than 65,535.
  func nuclei(of image: RGBImage) throws -> Nuclei? {
    let maps = try maps(of: image)
    let instances = HoVerNetPostProcessing().instances(
      probabilities: maps.nuclei, distances: maps.distances, width: image.width,
      height: image.height)
    return instances.map { instances in
      Nuclei(
        instances: instances,
        types: maps.types.isEmpty
          ? [] : TypeVote.votes(of: instances, types: maps.types).map(\.vote.type))
    }
  }

  /// What the network says of every pixel.
  func maps(of image: RGBImage) throws -> NucleusNetwork.Maps {
    let tiles = tiles(width: image.width, height: image.height)
    let area = image.width * image.height
    var whole = NucleusNetwork.Maps(
      height: image.height, width: image.width, nuclei: [Float](repeating: .nan, count: area),
      distances: [Float](repeating: .nan, count: 2 * area),
      types: network.types > 0 ? [UInt8](repeating: 0, count: area) : [])
    var first = 0
    while first < tiles.count {
      let chunk = first..<min(first + Self.batch, tiles.count)
      var images = [Float](repeating: .nan, count: chunk.count * window * window * 3)
      for (slot, index) in chunk.enumerated() {
        images.withSlot(slot, of: window * window * 3) {
          PatchSampler.copy(
            image, at: tiles[index].position, side: window, normalization: normalization.channels,
            into: $0)
        }
      }
      let maps = network.predict(
        images: images, batch: chunk.count, height: window, width: window)
      guard maps.nuclei.allSatisfy(\.isFinite), maps.distances.allSatisfy(\.isFinite) else {
        throw NonFinitePrediction()
      }
      for (slot, index) in chunk.enumerated() {
        copy(tiles[index], from: maps, slot: slot, to: &whole)
      }
      first = chunk.upperBound
    }
    return whole
  }

  /// A window and the part of the image that is taken from it.
  private struct Tile {
    var position: PatchSampler.Placement
    var columns: Range<Int>
    var rows: Range<Int>
  }

  private func tiles(width: Int, height: Int) -> [Tile] {
    guard network.mode != nil else {
      let grid = WindowGrid(width: width, height: height, window: window, stride: stride)
      return grid.positions.indices.map { index in
        let middle = grid.middle(of: index)
        return Tile(
          position: grid.positions[index], columns: middle.columns, rows: middle.rows)
      }
    }
    let margin = (window - stride) / 2
    return Swift.stride(from: 0, to: height, by: stride).flatMap { y in
      Swift.stride(from: 0, to: width, by: stride).map { x in
        Tile(
          position: .init(x: x - margin, y: y - margin), columns: x..<min(x + stride, width),
          rows: y..<min(y + stride, height))
      }
    }
  }

  private func copy(
    _ tile: Tile, from maps: NucleusNetwork.Maps, slot: Int, to whole: inout NucleusNetwork.Maps
  ) {
    // Where the outputs begin inside the window.
    let (top, left) = ((window - maps.height) / 2, (window - maps.width) / 2)
    for y in tile.rows {
      for x in tile.columns {
        let row = slot * maps.height + y - tile.position.y - top
        let source = row * maps.width + x - tile.position.x - left
        let target = y * whole.width + x
        whole.nuclei[target] = maps.nuclei[source]
        whole.distances[2 * target] = maps.distances[2 * source]
        whole.distances[2 * target + 1] = maps.distances[2 * source + 1]
        if !whole.types.isEmpty { whole.types[target] = maps.types[source] }
      }
    }
  }
}
