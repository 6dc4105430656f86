import Archives
import Foundation
import Imaging
import Testing

/// Maps and instances of the published HoVer-Net code, from `hovernet_maps.safetensors`.
private struct ReferenceMaps {
  let truth: LabelMap
  let instances: LabelMap
  let target: [Float]
  let distances: [Float]
  let probabilities: [Float]

  init() throws {
    let tensors = try Safetensors.decode(Fixtures.bytes("hovernet/hovernet_maps.safetensors"))
      .tensors
    func values(_ name: String) -> [Float] { tensors.first { $0.name == name }!.values }
    truth = try ImageFile.labels(Fixtures.bytes("hovernet/nuclei_true.png"))
    instances = try ImageFile.labels(Fixtures.bytes("hovernet/hovernet_postprocessed.png"))
    target = values("hv_target_xy")
    distances = values("hv_prediction_xy")
    probabilities = values("nuclei_probability")
  }
}

extension LabelMap {
  /// The same objects, numbered by their first pixels.
  fileprivate var renumbered: LabelMap {
    var numbers: [UInt16: UInt16] = [0: 0]
    return LabelMap(
      width: width, height: height,
      labels: labels.map { label in
        if let number = numbers[label] { return number }
        numbers[label] = UInt16(numbers.count)
        return numbers[label]!
      })
  }
}

@Suite("HoVer-Net's maps")
struct HoVerNetMapTests {
  @Test("post-processing gives the published instances, pixel by pixel")
  func postProcessing() throws {
    let maps = try ReferenceMaps()
    let found = try #require(
      HoVerNetPostProcessing().instances(
        probabilities: maps.probabilities, distances: maps.distances, width: 256, height: 256))
    #expect(found.distinctLabels == Array(1...77))
    let different = zip(found.renumbered.labels, maps.instances.renumbered.labels).count {
      $0 != $1
    }
    #expect(different == 0)
  }

  @Test("a map without nuclei, and one without gradients, are no difficulty")
  func constant() throws {
    let nothing = HoVerNetPostProcessing().instances(
      probabilities: [Float](repeating: 0, count: 100),
      distances: [Float](repeating: 0, count: 200), width: 10, height: 10)
    #expect(nothing == LabelMap(width: 10, height: 10))
    // Without gradients everything is boundary, as in the published code: no marker, no nucleus.
    let flat = HoVerNetPostProcessing().instances(
      probabilities: [Float](repeating: 1, count: 100),
      distances: [Float](repeating: 0.5, count: 200), width: 10, height: 10)
    #expect(flat == LabelMap(width: 10, height: 10))
  }

  @Test("targets are the published ones, and nuclei at the upper and left edge have some too")
  func targets() throws {
    let maps = try ReferenceMaps()
    let targets = HoVerNetTargets(of: maps.truth, width: 256, height: 256)
    #expect(targets.nuclei == maps.truth.labels.map { $0 == 0 ? 0 : 1 })
    var atEdge: Set<UInt16> = []
    for i in 0..<512 {
      atEdge.insert(maps.truth[i / 2, i % 2])
      atEdge.insert(maps.truth[i % 2, i / 2])
    }
    var different = 0
    for (i, label) in maps.truth.labels.enumerated() {
      for channel in [2 * i, 2 * i + 1] {
        let published = atEdge.contains(label) ? 0 : targets.distances[channel]
        if abs(published - maps.target[channel]) > 1e-6 { different += 1 }
      }
    }
    #expect(different == 0)
    #expect(atEdge.count == 5, "background and four nuclei")
  }

  @Test(
    "a crop keeps the centres of the nuclei it cuts, and leaves small remains without distances")
  func crop() throws {
    var map = LabelMap(width: 40, height: 40)
    for y in 10..<30 { for x in 5..<16 { map[x, y] = 9 } }
    let whole = HoVerNetTargets(of: map, width: 40, height: 40)
    // Columns 5...15 have the centre 10: the published code counts positions from 1.
    let row = 20 * 40
    #expect([5, 9, 15].map { whole.distances[2 * (row + $0)] } == [-1, 0, 1])
    let crop = HoVerNetTargets(of: map, width: 20, height: 20)
    for y in 0..<20 {
      for x in 0..<20 {
        let (part, all) = (2 * (y * 20 + x), 2 * ((y + 10) * 40 + x + 10))
        #expect(crop.distances[part] == whole.distances[all])
      }
    }
    let rest = HoVerNetTargets(of: map, width: 10, height: 10)
    // One column of 10 pixels is left of it: foreground, but too small for distances.
    #expect(rest.nuclei.reduce(0) { $0 + Int($1) } == 10)
    #expect(rest.distances.allSatisfy { $0 == 0 })
  }

  @Test("parts of one label, as mirrored edges make them, have a centre each")
  func mirrored() {
    var map = LabelMap(width: 30, height: 12)
    for y in 2..<10 { for x in [2..<8, 20..<26].joined() { map[x, y] = 1 } }
    let targets = HoVerNetTargets(of: map, width: 30, height: 12, isMirrored: true)
    for x in 2..<8 {
      let (left, right) = (2 * (5 * 30 + x), 2 * (5 * 30 + x + 18))
      #expect(targets.distances[left] == targets.distances[right])
    }
  }

  @Test("a nucleus has the type of most of its pixels, background only if there is nothing else")
  func types() {
    let votes = TypeVote.votes(
      of: LabelMap("1111", "2222", "5555"), types: [0, 0, 0, 2, 3, 3, 1, 1, 0, 0, 0, 0])
    #expect(votes.map(\.label) == [1, 2, 5])
    #expect(votes.map(\.vote.type) == [2, 1, 0])
    #expect(votes.map(\.vote.share) == [0.25, 0.5, 1])
  }
}
