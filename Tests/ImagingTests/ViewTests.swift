import Core
import Testing

@testable import Imaging

private let plain = ChannelNormalization(mean: [0, 0, 0], standardDeviation: [1, 1, 1])

private func view(
  _ image: RGBImage, _ kind: ViewPipeline.Kind, number: UInt64, side: Int = 16
) -> [Float] {
  var buffer = [Float](repeating: .nan, count: 3 * side * side)
  var stream = RandomStream(seed: 11, purpose: "views", number)
  buffer.withUnsafeMutableBufferPointer {
    ViewPipeline(kind: kind, normalization: plain).view(
      of: image, side: side, stream: &stream, into: $0)
  }
  return buffer
}

@Suite("Views")
struct ViewTests {
  @Test(
    "views fill the buffer with values in 0...1",
    arguments: [ViewPipeline.Kind.natural, .pathology])
  func range(kind: ViewPipeline.Kind) {
    for number in 0..<100 as Range<UInt64> {
      let values = view(ramp(40, 30), kind, number: number)
      #expect(values.allSatisfy { (-1e-6...1 + 1e-6).contains($0) })
    }
  }

  @Test("the same stream gives the same view, another one another")
  func determinism() {
    let image = ramp(40, 30)
    #expect(view(image, .natural, number: 4) == view(image, .natural, number: 4))
    #expect(view(image, .natural, number: 4) != view(image, .natural, number: 5))
  }

  /// Bits are compared: views end in trained weights.
  @Test(
    "the bits of views do not change between releases",
    arguments: [
      (ViewPipeline.Kind.natural, "9e1c70fec9144674"),
      (.pathology, "9fb0935b7eb0ee25"),
    ])
  func bits(kind: ViewPipeline.Kind, expected: String) {
    let bytes = (0..<8 as Range<UInt64>).flatMap { number in
      view(ramp(40, 30), kind, number: number).flatMap { value in
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      }
    }
    #expect(SHA256.digest(of: bytes).hex.prefix(16) == expected)
  }

  @Test("about a fifth of the views are grey")
  func grey() {
    let image = RGBImage(width: 20, height: 20, filledWith: RGB(200, 90, 30))
    let grey = (0..<1000 as Range<UInt64>).filter { number in
      let values = view(image, .natural, number: number, side: 1)
      return abs(values[0] - values[1]) < 1e-6 && abs(values[1] - values[2]) < 1e-6
    }
    #expect(150...250 ~= grey.count)
  }

  @Test("natural views are never upside down, pathology views are turned every way")
  func symmetries() {
    // Bright above, dark below: jitter keeps the order, only a vertical flip or a turn changes it.
    var image = RGBImage(width: 32, height: 32, filledWith: RGB(40, 40, 40))
    for y in 0..<16 { for x in 0..<32 { image[x, y] = RGB(220, 220, 220) } }
    func brightEdges(_ kind: ViewPipeline.Kind) -> Set<String> {
      Set(
        (0..<300 as Range<UInt64>).map { number in
          let values = view(image, kind, number: number, side: 8)
          func value(_ x: Int, _ y: Int) -> Float { values[3 * (8 * y + x)] }
          if value(3, 0) - value(3, 7) > 0.1 { return "top" }
          if value(3, 7) - value(3, 0) > 0.1 { return "bottom" }
          if value(0, 3) - value(7, 3) > 0.1 { return "left" }
          if value(7, 3) - value(0, 3) > 0.1 { return "right" }
          return "even"
        })
    }
    #expect(brightEdges(.natural).isSubset(of: ["top", "even"]))
    #expect(brightEdges(.pathology).isSuperset(of: ["top", "bottom", "left", "right"]))
  }

  @Test(
    "hue turns through HSV: a third of a turn moves the channels on, grey stays",
    arguments: [
      ([1, 0, 0], 1.0 / 3, [0, 1, 0]), ([1, 0, 0], -1.0 / 3, [0, 0, 1]),
      ([0.8, 0.2, 0.4], 0.5, [0.2, 0.8, 0.6]), ([0.3, 0.6, 0.5], 2.0 / 3, [0.6, 0.5, 0.3]),
      ([0.4, 0.4, 0.4], 0.1, [0.4, 0.4, 0.4]), ([0.25, 0.5, 0.75], 0, [0.25, 0.5, 0.75]),
    ] as [([Float], Float, [Float])])
  func hue(colour: [Float], turn: Float, expected: [Float]) {
    var values = colour
    values.withUnsafeMutableBufferPointer { ColourJitter.turnHue($0, by: turn) }
    for (found, wanted) in zip(values, expected) { #expect(abs(found - wanted) < 1e-5) }
  }
}
