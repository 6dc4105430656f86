import Core
import Imaging
import Testing

private let plain = ChannelNormalization(mean: [0, 0, 0], standardDeviation: [1, 1, 1])

@Suite("HoVer-Net's augmentation")
struct HoVerNetAugmentationTests {
  private func draw(
    _ slot: UInt64, width: Int = 200, height: Int = 160, side: Int = 32
  ) -> HoVerNetAugmentation {
    var stream = RandomStream(seed: 4, purpose: "test", slot)
    return HoVerNetAugmentation(width: width, height: height, side: side, stream: &stream)
  }

  private func image(
    _ draw: HoVerNetAugmentation, of image: RGBImage
  ) -> [Float] {
    var buffer = [Float](repeating: .nan, count: 3 * draw.side * draw.side)
    buffer.withUnsafeMutableBufferPointer { draw.copy(image, normalization: plain, into: $0) }
    return buffer
  }

  @Test("what it draws depends on its stream alone, and as many numbers are drawn every time")
  func determinism() {
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
    var next: Set<UInt64> = []
    for size in [40, 300] {
      var stream = RandomStream(seed: 4, purpose: "test", 9)
      _ = HoVerNetAugmentation(width: size, height: size, side: 32, stream: &stream)
      next.insert(stream.next())
    }
    #expect(next.count == 1)
  }

  @Test("colours stay in 0...1, and a uniform image stays uniform unless noise is drawn")
  func range() {
    let grey = RGBImage(width: 200, height: 160, filledWith: RGB(200, 90, 160))
    var uniform = 0
    for slot in 0..<24 {
      let values = image(draw(UInt64(slot)), of: grey)
      #expect(values.allSatisfy { 0...1 ~= $0 })
      let reds = stride(from: 0, to: values.count, by: 3).map { values[$0] }
      if reds.max()! - reds.min()! < 1e-5 { uniform += 1 }
    }
    #expect(8...20 ~= uniform, "two of three draws are no noise")
  }

  /// Nearest pixels: a label never arises that the map does not have; and the patch is about as large
  /// in the image as the drawn scales say.
  @Test("labels are moved, not mixed")
  func labels() {
    var map = LabelMap(width: 200, height: 160)
    for y in 0..<160 { for x in 0..<200 { map[x, y] = UInt16(1 + x / 8 + 25 * (y / 8)) } }
    for slot in 0..<12 {
      let draw = draw(UInt64(slot))
      let patch = draw.labels(of: map)
      let known = Set(map.distinctLabels)
      #expect(patch.labels.allSatisfy(known.contains))
      #expect(10...60 ~= patch.distinctLabels.count, "a patch of 4 x 4 squares, turned and scaled")
    }
  }

  @Test("a patch that reaches beyond the image says so")
  func mirrored() {
    #expect(draw(3, width: 20, height: 20).isMirrored)
    #expect((0..<20).contains { !draw($0, width: 600, height: 600).isMirrored })
  }
}

@Suite("The middles of windows")
struct WindowMiddleTests {
  @Test(
    "every pixel belongs to one window, which holds it",
    arguments: [
      (100, 70, 32, 16), (100, 70, 32, 32), (20, 70, 32, 8), (64, 64, 64, 64), (33, 33, 32, 1),
    ])
  func cover(width: Int, height: Int, window: Int, stride: Int) {
    let grid = WindowGrid(width: width, height: height, window: window, stride: stride)
    var owners = [Int](repeating: 0, count: width * height)
    for (index, position) in grid.positions.enumerated() {
      let middle = grid.middle(of: index)
      #expect(middle.columns.isEmpty || middle.columns.lowerBound >= position.x)
      #expect(middle.columns.upperBound <= position.x + window)
      #expect(middle.rows.upperBound <= position.y + window)
      for y in middle.rows { for x in middle.columns { owners[y * width + x] += 1 } }
    }
    #expect(owners.allSatisfy { $0 == 1 })
  }
}
