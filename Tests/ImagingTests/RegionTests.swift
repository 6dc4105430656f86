import Core
import Imaging
import Testing

@Suite("Connected components")
struct ConnectedComponentsTests {
  @Test("diagonal neighbours connect with eight and not with four")
  func connectivity() throws {
    let map = LabelMap("1.1.", ".1..", "...1", "1..1")
    let eight = ConnectedComponents(of: map, connectivity: .eight)
    #expect(eight.count == 3)
    #expect(eight.areas == [3, 2, 1])
    #expect(eight.labelMap == LabelMap("1.1.", ".1..", "...2", "3..2"))
    #expect(ConnectedComponents(of: map, connectivity: .four).count == 5)
  }

  @Test("branches that meet late are one component", arguments: [4, 8])
  func lateMeeting(connectivity: Int) throws {
    let map = LabelMap("1...1", "1.1.1", "1.1.1", "11111")
    let components = ConnectedComponents(
      of: map, connectivity: connectivity == 4 ? .four : .eight)
    #expect(components.count == 1)
    #expect(components.labelMap == map.binary)
  }

  /// The naive reference floods from each unvisited pixel.
  @Test("random masks agree with flooding", arguments: 0..<40)
  func flooding(seed: Int) throws {
    var stream = RandomStream(seed: UInt64(seed), purpose: "components")
    let (width, height) = (1 + stream.index(below: 20), 1 + stream.index(below: 20))
    let density = stream.uniform(0.2, 0.7)
    let mask = (0..<width * height).map { _ in stream.chance(density) }
    for connectivity in [ConnectedComponents.Connectivity.four, .eight] {
      let found = ConnectedComponents(
        width: width, height: height, connectivity: connectivity, isForeground: mask)
      var labels = [Int32](repeating: 0, count: mask.count)
      var count: Int32 = 0
      for start in mask.indices where mask[start] && labels[start] == 0 {
        count += 1
        var open = [start]
        labels[start] = count
        while let i = open.popLast() {
          for dy in -1...1 {
            for dx in -1...1 where connectivity == .eight || dx * dy == 0 {
              let (x, y) = (i % width + dx, i / width + dy)
              guard 0..<width ~= x, 0..<height ~= y else { continue }
              let j = y * width + x
              if mask[j] && labels[j] == 0 {
                labels[j] = count
                open.append(j)
              }
            }
          }
        }
      }
      #expect(found.labels == labels)
      #expect(found.count == Int(count))
    }
  }

  @Test("instance ids count as they are, a single label by its components")
  func objectCount() {
    #expect(LabelMap("1.2", "1.2").objectCount == 2)
    #expect(LabelMap("5.5", "5.5").objectCount == 2)
    #expect(LabelMap("12", "12").objectCount == 2)
    #expect(LabelMap("...").objectCount == 0)
  }
}

@Suite("Resampling")
struct ResamplingTests {
  @Test("halving averages blocks of four, rounded half up")
  func halving() {
    let image = RGBImage(
      width: 2, height: 2, pixels: [0, 10, 255, 2, 20, 255, 4, 30, 255, 4, 41, 255])
    #expect(image.resampled(by: 0.5).pixels == [3, 25, 255])
  }

  @Test("a pixel that covers one and a half old ones weighs the half")
  func fractions() {
    let image = RGBImage(
      width: 3, height: 1, pixels: [0, 0, 0, 90, 90, 90, 240, 240, 240])
    #expect(image.resampled(width: 2, height: 1).pixels == [30, 30, 30, 190, 190, 190])
  }

  @Test("doubling repeats pixels, and factor 1 changes nothing")
  func doubling() {
    let image = ramp(5, 4)
    let twice = image.resampled(by: 2)
    #expect(twice.width == 10 && twice.height == 8)
    for y in 0..<8 { for x in 0..<10 { #expect(twice[x, y] == image[x / 2, y / 2]) } }
    #expect(image.resampled(by: 1) == image)
  }

  @Test("a flat image stays flat at any factor", arguments: [0.13, 0.3333, 0.77, 1.5, 2.9])
  func flat(factor: Double) {
    let image = RGBImage(width: 23, height: 17, filledWith: RGB(7, 200, 255))
    let result = image.resampled(by: factor)
    #expect(result.width == Int((23 * factor + 0.5).rounded(.down)))
    #expect(
      result == RGBImage(width: result.width, height: result.height, filledWith: RGB(7, 200, 255)))
  }

  @Test("labels are taken, never mixed")
  func labels() {
    #expect(LabelMap("1133", "1133", "22..", "22..").resampled(by: 0.5) == LabelMap("13", "2."))
    #expect(LabelMap("13").resampled(by: 3) == LabelMap("111333", "111333", "111333"))
    #expect(LabelMap("123").resampled(width: 1, height: 1) == LabelMap("2"))
  }
}

@Suite("Overlay")
struct OverlayTests {
  @Test("where contours agree blue surrounds yellow, and the inside stays")
  func agreement() {
    var map = LabelMap(width: 20, height: 20)
    for y in 5..<15 { for x in 5..<15 { map[x, y] = 1 } }
    let image = ramp(20, 20)
    let result = Overlay.render(image: image, truth: map, prediction: map)
    #expect(result[5, 9] == Overlay.predictionColour)
    #expect(result[4, 9] == Overlay.truthColour && result[6, 9] == Overlay.truthColour)
    #expect(result[9, 9] == image[9, 9] && result[3, 9] == image[3, 9])
  }

  @Test("the image's edge is no contour, and touching instances are divided")
  func edges() {
    let full = LabelMap("1111", "1111", "2222", "2222")
    let image = RGBImage(width: 4, height: 4, filledWith: RGB(9, 9, 9))
    let result = Overlay.render(image: image, truth: nil, prediction: full)
    #expect(result[1, 0] == RGB(9, 9, 9) && result[1, 3] == RGB(9, 9, 9))
    #expect(result[1, 1] == Overlay.predictionColour && result[1, 2] == Overlay.predictionColour)
  }

  @Test("images stand beside each other with a white gap")
  func beside() {
    let (a, b) = (ramp(3, 2), ramp(4, 2))
    let both = a.beside(b, gap: 2)
    #expect(both.width == 9 && both.height == 2)
    #expect(both[2, 1] == a[2, 1] && both[3, 1] == RGB(255, 255, 255) && both[5, 1] == b[0, 1])
  }
}

@Suite("Stain model")
struct StainModelTests {
  @Test(
    "amounts come back from the colour they make", arguments: [(0.0, 0.0), (0.3, 0.5), (1.2, 0.3)])
  func roundTrip(haematoxylin: Double, eosin: Double) {
    let model = StainModel.reference
    let light = model.intensity(haematoxylin: haematoxylin, eosin: eosin)
    let colour = RGB(
      UInt8(light.x.rounded()), UInt8(light.y.rounded()), UInt8(light.z.rounded()))
    let amounts = model.amounts(of: colour)
    // Half a grey level of 60 is an optical density of 0.008.
    #expect(abs(amounts.haematoxylin - haematoxylin) < 0.03)
    #expect(abs(amounts.eosin - eosin) < 0.03)
  }

  @Test("one unit of absorber leaves 1/e of the light")
  func absorption() {
    let model = StainModel(
      haematoxylin: SIMD3(2, 0, 0), eosin: SIMD3(0, 1, 0), light: SIMD3(200, 100, 50))
    let light = model.intensity(haematoxylin: 1, eosin: 2)
    #expect(abs(light.x - 200 * 0.36787944117144233) < 1e-4)
    #expect(abs(light.y - 100 * 0.1353352832366127) < 1e-4)
    #expect(light.z == 50)
  }
}
