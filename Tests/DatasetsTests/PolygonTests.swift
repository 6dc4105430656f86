import Imaging
import Testing

@testable import Datasets

@Suite("Polygons")
struct PolygonTests {
  private func filled(_ polygons: [[SIMD2<Double>]], side: Int = 8) -> [String] {
    var map = LabelMap(width: side, height: side)
    for (i, polygon) in polygons.enumerated() {
      PolygonFill.fill(polygon, with: UInt16(i + 1), in: &map)
    }
    return (0..<side).map { y in
      (0..<side).map { map[$0, y] == 0 ? "." : "\(map[$0, y])" }.joined()
    }
  }

  @Test("a pixel belongs if its centre does")
  func centres() {
    let square: [SIMD2<Double>] = [.init(1, 1), .init(3, 1), .init(3, 3), .init(1, 3)]
    #expect(filled([square], side: 4) == ["....", ".11.", ".11.", "...."])
    let inner: [SIMD2<Double>] = [.init(1.6, 1.6), .init(3, 1.6), .init(3, 3), .init(1.6, 3)]
    #expect(filled([inner], side: 4) == ["....", "....", "..1.", "...."])
    let triangle: [SIMD2<Double>] = [.init(0, 0), .init(4, 4), .init(0, 4)]
    #expect(filled([triangle], side: 4) == ["....", "1...", "11..", "111."])
  }

  @Test("neighbours share no pixel and leave none out, the later one winning overlaps")
  func neighbours() {
    let left: [SIMD2<Double>] = [.init(0, 0), .init(2.5, 0), .init(2.5, 4), .init(0, 4)]
    let right: [SIMD2<Double>] = [.init(2.5, 0), .init(4, 0), .init(4, 4), .init(2.5, 4)]
    #expect(filled([left, right], side: 4) == Array(repeating: "1122", count: 4))
    let over: [SIMD2<Double>] = [.init(1, 0), .init(4, 0), .init(4, 2), .init(1, 2)]
    #expect(filled([left, over], side: 4) == ["1222", "1222", "11..", "11.."])
  }

  @Test("what lies outside is cut off, and what has no area has no pixel")
  func outside() {
    let far: [SIMD2<Double>] = [.init(-5, -5), .init(2, -5), .init(2, 900), .init(-5, 900)]
    #expect(filled([far], side: 3) == ["11.", "11.", "11."])
    let away: [SIMD2<Double>] = [.init(50, 50), .init(60, 50), .init(60, 60)]
    let line: [SIMD2<Double>] = [.init(0, 1), .init(3, 1), .init(0, 1)]
    #expect(filled([away, line, [], [.init(1, 1)]], side: 2) == ["..", ".."])
  }

  @Test("a polygon with a notch is filled row by row between its sides")
  func concave() {
    let notch: [SIMD2<Double>] = [
      .init(0, 0), .init(5, 0), .init(5, 3), .init(3, 3), .init(3, 1), .init(2, 1), .init(2, 3),
      .init(0, 3),
    ]
    #expect(filled([notch], side: 5) == ["11111", "11.11", "11.11", ".....", "....."])
  }
}

@Suite("Aperio annotations")
struct AperioTests {
  @Test(
    "what is no annotation is refused in words",
    arguments: [
      ("", "empty"), ("<a", "not well-formed"), ("<a/>", "`Annotations`"),
      ("<Annotations><Vertex X='1' Y='2'/></Annotations>", "outside a `Region`"),
      ("<Annotations><Region><Vertex X='1'/></Region></Annotations>", "without a place"),
      ("<Annotations><Region><Vertex X='nan' Y='1'/></Region></Annotations>", "without a place"),
      (
        "<!DOCTYPE a [<!ENTITY b 'c'>]><Annotations MicronsPerPixel='&b;'/>", "document type"
      ),
      ("<Annotations><Region></Annotations>", "not well-formed XML: mismatched tag"),
      ("<Annotations MicronsPerPixel='&b;'/>", "not well-formed XML: undefined entity"),
    ])
  func refused(text: String, words: String) {
    let error = #expect(throws: UnsoundFile.self) {
      try AperioAnnotations(decoding: Array(text.utf8), file: "a.xml")
    }
    #expect(error?.problem.message.contains(words) == true, "\(error?.problem.message ?? "")")
  }

  @Test("regions of all layers come in the file's order, with their pixel size")
  func regions() throws {
    let text = """
      <?xml version="1.0"?><Annotations MicronsPerPixel="0.25"><Annotation><Regions>
      <Region><Vertices><Vertex X="1.5" Y="2"/><Vertex X="3" Y="4"/></Vertices></Region>
      </Regions></Annotation><Annotation><Regions><Region/></Regions></Annotation></Annotations>
      """
    let annotations = try AperioAnnotations(decoding: Array(text.utf8), file: "a.xml")
    #expect(annotations.micronsPerPixel == 0.25)
    #expect(annotations.polygons == [[.init(1.5, 2), .init(3, 4)], []])
  }
}
