import Imaging
import Testing

@Suite("Encoding PNG")
struct EncodingTests {
  @Test("an image comes back as it was, in the same bytes each time", arguments: [1, 7, 64])
  func image(side: Int) throws {
    let image = ramp(side, side + 2)
    let bytes = PNG.encode(image)
    #expect(try ImageFile.rgb(bytes) == image)
    #expect(PNG.encode(image) == bytes)
  }

  @Test("labels past 255 come back as they were")
  func labels() throws {
    let map = LabelMap(width: 4, height: 2, labels: [0, 1, 255, 256, 1000, 40000, 65535, 2])
    #expect(try ImageFile.labels(PNG.encode(map)) == map)
  }

  @Test("grey of 8 bits comes back as labels")
  func grey() throws {
    let bytes = PNG.encode(grey: [0, 127, 128, 255, 3, 4], width: 3, height: 2)
    #expect(try ImageFile.labels(bytes).labels == [0, 127, 128, 255, 3, 4])
  }
}
