import Imaging
import Testing

@testable import Learning
@testable import Networks
@testable import Steps

@Suite("Published HoVer-Net on images")
struct PublishedPredictionTests {
  private func network() throws -> NucleusNetwork {
    let source = HoVerNet(.published(.fast), on: Engine(threads: 2))
    source.parameters.fill(tag: "published")
    return try NucleusNetwork(published: .fast, from: source.parameters.export(), threads: 2)
  }

  private func image(width: Int, height: Int) -> RGBImage {
    let values = HashedUniform("tile").values(3 * width * height)
    return RGBImage(
      width: width, height: height, pixels: values.map { UInt8(max(0, min(255, ($0 + 1) * 127))) })
  }

  /// What is predicted of a window whose middle begins at a place of the image.
  private func direct(
    _ network: NucleusNetwork, _ image: RGBImage, window: Int, margin: Int, x: Int, y: Int
  ) -> NucleusNetwork.Maps {
    func reflected(_ index: Int, _ length: Int) -> Int {
      var index = index
      while !(0..<length ~= index) {
        index = index < 0 ? -index : 2 * (length - 1) - index
      }
      return index
    }
    var pixels: [Float] = []
    for row in y - margin..<y - margin + window {
      for column in x - margin..<x - margin + window {
        let pixel = image[reflected(column, image.width), reflected(row, image.height)]
        pixels += [Float(pixel.red), Float(pixel.green), Float(pixel.blue)]
      }
    }
    return network.predict(images: pixels, batch: 1, height: window, width: window)
  }

  @Test("middles lie side by side from the corner on, over an image reflected around itself")
  func tiles() throws {
    let network = try network()
    #expect(network.mode == .fast)
    let image = image(width: 30, height: 17)
    let prediction = NucleusPrediction(
      network: network, window: 112, stride: 20, normalization: .bytes)
    let maps = try prediction.maps(of: image)
    for (x, columns) in [(0, 0..<20), (20, 20..<30)] {
      let part = direct(network, image, window: 112, margin: 46, x: x, y: 0)
      #expect(part.height == 20 && part.width == 20)
      for row in 0..<17 {
        for column in columns {
          let (i, j) = (row * 30 + column, row * 20 + column - x)
          #expect(maps.nuclei[i] == part.nuclei[j])
          #expect(maps.distances[2 * i] == part.distances[2 * j])
          #expect(maps.distances[2 * i + 1] == part.distances[2 * j + 1])
        }
      }
    }
  }

  @Test(
    "windows give the published middles, and others are refused",
    arguments: [
      (HoVerNet.Mode.fast, 256, 164), (.fast, 112, 20), (.fast, 92, nil), (.fast, 255, nil),
      (.original, 270, 80), (.original, 278, 88), (.original, 256, nil), (.original, 190, nil),
    ] as [(HoVerNet.Mode, Int, Int?)])
  func windows(mode: HoVerNet.Mode, window: Int, output: Int?) {
    #expect(mode.output(ofWindow: window) == output)
  }
}
