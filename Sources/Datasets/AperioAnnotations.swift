internal import CXML
internal import Core

/// The outlines of an annotation file of Aperio's ImageScope.
///
/// `Annotations/Annotation/Regions/Region/Vertices/Vertex`, whose `X` and `Y` are pixels. Regions of all
/// layers are taken in the order of the file.
struct AperioAnnotations {
  /// Corners in pixels, x to the right and y down; fewer than three make no area.
  private(set) var polygons: [[SIMD2<Double>]] = []
  /// Micrometres a pixel, if the file says so.
  private(set) var micronsPerPixel: Double?

  /// Coordinates beyond this are no places in an image.
  private static let farthest = 1e6

  /// Reads a file; entities and document types are refused.
  init(decoding bytes: [UInt8], file: String) throws {
    func unsound(_ message: String) -> UnsoundFile {
      UnsoundFile(
        file, message, code: "dataset.unreadable", hint: "export the annotation again as XML")
    }
    guard !bytes.isEmpty else { throw unsound("the annotation is empty") }
    guard bytes.count <= Int(Int32.max) else { throw unsound("the annotation is too large") }
    try bytes.withUnsafeBytes { buffer in
      let options =
        XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue
        | XML_PARSE_NOWARNING.rawValue
      guard
        let reader = xmlReaderForMemory(
          buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), nil, nil,
          Int32(options))
      else { throw unsound("there is no memory to read the annotation") }
      defer { xmlFreeTextReader(reader) }
      var hasRoot = false
      while true {
        let status = xmlTextReaderRead(reader)
        if status == 0 { break }
        guard status == 1 else {
          throw unsound(
            "line \(xmlTextReaderGetParserLineNumber(reader)) is not well-formed XML")
        }
        let type = xmlTextReaderNodeType(reader)
        if type == Int32(XML_READER_TYPE_DOCUMENT_TYPE.rawValue) {
          throw unsound("the annotation declares a document type")
        }
        guard type == Int32(XML_READER_TYPE_ELEMENT.rawValue) else { continue }
        let name = Self.text(xmlTextReaderConstLocalName(reader))
        if !hasRoot {
          guard name == "Annotations" else { throw unsound("its root is not `Annotations`") }
          hasRoot = true
          micronsPerPixel = Self.attribute("MicronsPerPixel", reader).flatMap { Double($0) }
            .flatMap { $0 > 0 && $0 < 100 ? $0 : nil }
        } else if name == "Region" {
          polygons.append([])
        } else if name == "Vertex" {
          guard !polygons.isEmpty else { throw unsound("a `Vertex` stands outside a `Region`") }
          guard let x = Self.attribute("X", reader).flatMap({ Double($0) }),
            let y = Self.attribute("Y", reader).flatMap({ Double($0) }),
            abs(x) <= Self.farthest, abs(y) <= Self.farthest
          else {
            throw unsound(
              "line \(xmlTextReaderGetParserLineNumber(reader)) has a `Vertex` without a place")
          }
          polygons[polygons.count - 1].append(SIMD2(x, y))
        }
      }
    }
  }

  private static func attribute(_ name: String, _ reader: xmlTextReaderPtr) -> String? {
    guard xmlTextReaderMoveToAttribute(reader, name) == 1 else { return nil }
    defer { xmlTextReaderMoveToElement(reader) }
    return text(xmlTextReaderConstValue(reader))
  }

  private static func text(_ pointer: UnsafePointer<xmlChar>?) -> String? {
    pointer.map { String(cString: $0) }
  }
}
