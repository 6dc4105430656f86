internal import Imaging
internal import Networks

/// Predicts nuclei in images larger than a window.
///
/// Distances near a window's edge are those of nuclei that it cuts, so windows are not averaged: each
/// pixel is taken from the window whose middle it is nearest to. Post-processing then sees the image as
/// one tile; its thresholds are relative to the extremes of the tile, so they do not depend on windows.
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

  private func maps(of image: RGBImage) throws -> NucleusNetwork.Maps {
    let grid = WindowGrid(width: image.width, height: image.height, window: window, stride: stride)
    let area = image.width * image.height
    var whole = NucleusNetwork.Maps(
      height: image.height, width: image.width, nuclei: [Float](repeating: .nan, count: area),
      distances: [Float](repeating: .nan, count: 2 * area),
      types: network.types > 0 ? [UInt8](repeating: 0, count: area) : [])
    var first = 0
    while first < grid.positions.count {
      let chunk = first..<min(first + Self.batch, grid.positions.count)
      var images = [Float](repeating: .nan, count: chunk.count * window * window * 3)
      for (slot, index) in chunk.enumerated() {
        images.withSlot(slot, of: window * window * 3) {
          PatchSampler.copy(
            image, at: grid.positions[index], side: window, normalization: normalization.channels,
            into: $0)
        }
      }
      let maps = network.predict(
        images: images, batch: chunk.count, height: window, width: window)
      guard maps.nuclei.allSatisfy(\.isFinite), maps.distances.allSatisfy(\.isFinite) else {
        throw NonFinitePrediction()
      }
      for (slot, index) in chunk.enumerated() {
        copyMiddle(of: index, in: grid, from: maps, slot: slot, to: &whole)
      }
      first = chunk.upperBound
    }
    return whole
  }

  private func copyMiddle(
    of index: Int, in grid: WindowGrid, from maps: NucleusNetwork.Maps, slot: Int,
    to whole: inout NucleusNetwork.Maps
  ) {
    let (position, middle) = (grid.positions[index], grid.middle(of: index))
    for y in middle.rows {
      for x in middle.columns {
        let source = (slot * window + y - position.y) * window + x - position.x
        let target = y * whole.width + x
        whole.nuclei[target] = maps.nuclei[source]
        whole.distances[2 * target] = maps.distances[2 * source]
        whole.distances[2 * target + 1] = maps.distances[2 * source + 1]
        if !whole.types.isEmpty { whole.types[target] = maps.types[source] }
      }
    }
  }
}
