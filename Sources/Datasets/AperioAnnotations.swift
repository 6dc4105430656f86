internal import CExpat
internal import Core

/// The outlines of an annotation file of Aperio's ImageScope.
///
/// `Annotations/Annotation/Regions/Region/Vertices/Vertex`, whose `X` and `Y` are pixels. Regions of all
/// layers are taken in the order of the file.
struct AperioAnnotations {
  /// Corners in pixels, x to the right and y down; fewer than three make no area.
  fileprivate(set) var polygons: [[SIMD2<Double>]] = []
  /// Micrometres a pixel, if the file says so.
  fileprivate(set) var micronsPerPixel: Double?

  init() {}

  /// Reads a file; document types, and with them entities, are refused.
  init(decoding bytes: [UInt8], file: String) throws {
    func unsound(_ message: String) -> UnsoundFile {
      UnsoundFile(
        file, message, code: "dataset.unreadable", hint: "export the annotation again as XML")
    }
    guard !bytes.isEmpty else { throw unsound("the annotation is empty") }
    guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
      throw unsound("the annotation is not UTF-8")
    }
    guard bytes.count <= Int(Int32.max) else { throw unsound("the annotation is too large") }
    // Whatever encoding the file says it has: it has been checked to be this one.
    guard let parser = XML_ParserCreate("UTF-8") else {
      throw unsound("there is no memory to read the annotation")
    }
    defer { XML_ParserFree(parser) }
    let reading = Reading(parser)
    let isWhole = withExtendedLifetime(reading) {
      bytes.withUnsafeBytes { buffer in
        XML_Parse(
          parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), 1)
          == XML_STATUS_OK
      }
    }
    if let problem = reading.problem { throw unsound(problem) }
    guard isWhole else {
      let cause = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "unknown"
      throw unsound(
        "line \(XML_GetCurrentLineNumber(parser)) is not well-formed XML: \(cause)")
    }
    self = reading.annotations
  }
}

/// What has been read of a file so far, told of each element as it begins.
private final class Reading {
  var annotations = AperioAnnotations()
  /// Why the rest of the file was not read.
  private(set) var problem: String?

  private let parser: XML_Parser
  private var hasRoot = false

  /// Coordinates beyond this are no places in an image.
  private static let farthest = 1e6

  init(_ parser: XML_Parser) {
    self.parser = parser
    XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    XML_SetStartElementHandler(parser) { reading, name, attributes in
      Reading.of(reading).begin(String(cString: name!), .init(attributes))
    }
    XML_SetStartDoctypeDeclHandler(parser) { reading, _, _, _, _ in
      Reading.of(reading).stop("the annotation declares a document type")
    }
  }

  private static func of(_ userData: UnsafeMutableRawPointer?) -> Reading {
    Unmanaged.fromOpaque(userData!).takeUnretainedValue()
  }

  private func stop(_ problem: String) {
    self.problem = problem
    XML_StopParser(parser, 0)
  }

  private func begin(_ name: String, _ attributes: Attributes) {
    if !hasRoot {
      guard name == "Annotations" else { return stop("its root is not `Annotations`") }
      hasRoot = true
      annotations.micronsPerPixel = attributes.number("MicronsPerPixel")
        .flatMap { $0 > 0 && $0 < 100 ? $0 : nil }
    } else if name == "Region" {
      annotations.polygons.append([])
    } else if name == "Vertex" {
      guard !annotations.polygons.isEmpty else {
        return stop("a `Vertex` stands outside a `Region`")
      }
      guard let x = attributes.number("X"), let y = attributes.number("Y"),
        abs(x) <= Self.farthest, abs(y) <= Self.farthest
      else {
        return stop("line \(XML_GetCurrentLineNumber(parser)) has a `Vertex` without a place")
      }
      annotations.polygons[annotations.polygons.count - 1].append(SIMD2(x, y))
    }
  }
}

/// Names and values in turn, the last name `nil`; they live as long as the call that gives them.
private struct Attributes {
  private let pairs: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?

  init(_ pairs: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) { self.pairs = pairs }

  func number(_ name: String) -> Double? {
    guard var pair = pairs else { return nil }
    while let found = pair[0], let value = pair[1] {
      if String(cString: found) == name { return Double(String(cString: value)) }
      pair += 2
    }
    return nil
  }
}
