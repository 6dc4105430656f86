import Core
import Imaging
import Testing

private let plain = ChannelNormalization(
  mean: [0, 0, 0], standardDeviation: [1.0 / 255, 1.0 / 255, 1.0 / 255])

/// A patch of an image as whole numbers.
private func patch(
  _ image: RGBImage, _ placement: PatchSampler.Placement, side: Int
) -> [[Int]] {
  var buffer = [Float](repeating: .nan, count: 3 * side * side)
  buffer.withUnsafeMutableBufferPointer {
    PatchSampler.copy(image, at: placement, side: side, normalization: plain, into: $0)
  }
  return stride(from: 0, to: buffer.count, by: 3).map { i in
    buffer[i..<i + 3].map { Int($0.rounded()) }
  }
}

@Suite("Patches")
struct PatchTests {
  @Test("a patch is the image's part, channel by channel")
  func part() {
    let result = patch(ramp(9, 7), .init(x: 3, y: 2), side: 2)
    #expect(result == [[3, 2, 5], [4, 2, 6], [3, 3, 6], [4, 3, 7]])
  }

  @Test("normalisation takes mean and deviation of each channel")
  func normalization() {
    let constants = ChannelNormalization(
      mean: [0.5, 0.25, 0], standardDeviation: [0.5, 0.25, 2])
    var buffer = [Float](repeating: .nan, count: 3)
    buffer.withUnsafeMutableBufferPointer {
      PatchSampler.copy(
        RGBImage(width: 1, height: 1, filledWith: RGB(255, 0, 255)), at: .init(x: 0, y: 0), side: 1,
        normalization: constants, into: $0)
    }
    for (value, expected) in zip(buffer, [1, -1, 0.5] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
  }

  @Test("beyond the edge the image is reflected without repeating it")
  func reflection() {
    let result = patch(ramp(3, 1), .init(x: 0, y: 0), side: 8)
    #expect(result.prefix(8).map { $0[0] } == [0, 1, 2, 1, 0, 1, 2, 1])
    #expect(result.allSatisfy { $0[1] == 0 })
  }

  @Test("the eight symmetries are distinct, and image and mask turn alike")
  func symmetries() {
    let side = 3
    var seen: Set<[[Int]]> = []
    for symmetry in Dihedral.allCases {
      let placement = PatchSampler.Placement(x: 2, y: 1, symmetry: symmetry)
      let image = patch(ramp(9, 9), placement, side: side)
      seen.insert(image)
      var map = LabelMap(width: 9, height: 9)
      map[3, 1] = 700
      var mask = [Float](repeating: .nan, count: side * side)
      mask.withUnsafeMutableBufferPointer {
        PatchSampler.copy(map, at: placement, side: side, into: $0)
      }
      for i in mask.indices { #expect(mask[i] == (image[i] == [3, 1, 4] ? 1 : 0)) }
    }
    #expect(seen.count == 8)
    #expect(patch(ramp(9, 9), .init(x: 0, y: 0, symmetry: Dihedral(1)), side: 2)[0] == [1, 0, 1])
    #expect(patch(ramp(9, 9), .init(x: 0, y: 0, symmetry: Dihedral(4)), side: 2)[1] == [0, 1, 1])
  }

  @Test("positions cover the image and nothing else")
  func positions() {
    var stream = RandomStream(seed: 3, purpose: "patches")
    var seen: Set<[Int]> = []
    var symmetries: Set<Dihedral> = []
    for _ in 0..<2000 {
      let placement = PatchSampler.draw(
        width: 12, height: 10, side: 8, isTurned: true, stream: &stream)
      seen.insert([placement.x, placement.y])
      symmetries.insert(placement.symmetry)
    }
    #expect(seen.count == 15 && symmetries.count == 8)
    #expect(seen.allSatisfy { 0...4 ~= $0[0] && 0...2 ~= $0[1] })
    let small = PatchSampler.draw(width: 5, height: 5, side: 8, isTurned: false, stream: &stream)
    #expect(small == .init(x: 0, y: 0))
  }
}

@Suite("Windows")
struct WindowTests {
  @Test(
    "windows step through the image and end flush with its edge",
    arguments: [
      (10, 4, 2, [0, 2, 4, 6]), (11, 4, 3, [0, 3, 6, 7]), (4, 4, 4, [0]), (3, 4, 2, [0]),
      (9, 4, 4, [0, 4, 5]), (775, 256, 128, [0, 128, 256, 384, 512, 519]),
    ])
  func starts(length: Int, window: Int, stride: Int, expected: [Int]) {
    let grid = WindowGrid(width: length, height: 1, window: window, stride: stride)
    #expect(grid.positions.map(\.x) == expected)
    #expect(grid.positions.allSatisfy { $0.y == 0 })
  }

  @Test(
    "the average of any windows of one map is the map",
    arguments: [(10, 7, 4, 3), (3, 9, 4, 2), (2, 2, 8, 8), (16, 16, 8, 5)])
  func average(width: Int, height: Int, window: Int, stride: Int) {
    let grid = WindowGrid(width: width, height: height, window: window, stride: stride)
    var average = WindowAverage(grid)
    let truth = (0..<width * height).map { Float($0) / Float(width * height) }
    for position in grid.positions {
      var values = [Float](repeating: 9, count: window * window)
      for y in 0..<min(window, height) {
        for x in 0..<min(window, width) {
          values[y * window + x] = truth[(position.y + y) * width + position.x + x]
        }
      }
      values.withUnsafeBufferPointer { average.add($0, at: position) }
    }
    for (found, expected) in zip(average.probabilities, truth) {
      #expect(abs(found - expected) < 1e-6)
    }
    #expect(average.quantized == average.probabilities.map(QuantizedProbability.quantize))
  }

  @Test("overlapping windows are averaged")
  func overlap() {
    var average = WindowAverage(width: 3, height: 1, window: 2)
    ([0.25, 0.5, 0, 0] as [Float]).withUnsafeBufferPointer {
      average.add($0, at: .init(x: 0, y: 0))
    }
    ([1, 0.75, 0, 0] as [Float]).withUnsafeBufferPointer { average.add($0, at: .init(x: 1, y: 0)) }
    #expect(average.probabilities == [0.25, 0.75, 0.75])
  }

  @Test(
    "probabilities are rounded half up to 8 bits, and 128 is foreground",
    arguments: [
      (0, 0), (1, 255), (0.5, 128), (0.4999, 127), (1 / 510, 1), (1 / 511, 0), (-1, 0), (2, 255),
    ] as [(Float, UInt8)])
  func quantization(probability: Float, expected: UInt8) {
    let value = QuantizedProbability.quantize(probability)
    #expect(value == expected)
    let map = QuantizedProbability.foreground([value], width: 1, height: 1)
    #expect(map.labels == [expected >= 128 ? 1 : 0])
  }
}
