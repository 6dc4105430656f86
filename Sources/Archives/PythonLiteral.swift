/// Reads the one Python literal that NPY headers are; nothing is evaluated.
struct PythonLiteral {
  private let text: [UInt8]
  /// Where reading stopped, in bytes from the start.
  private(set) var offset = 0

  /// A reader at the start of a header's text.
  init(text: [UInt8]) { self.text = text }

  /// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, in any order of keys.
  mutating func header() -> (type: String, fortran: Bool, shape: [Int])? {
    var type: String?
    var fortran: Bool?
    var shape: [Int]?
    guard accept("{") else { return nil }
    while !accept("}") {
      guard let key = string(), accept(":") else { return nil }
      switch key {
      case "descr" where type == nil: type = string()
      case "fortran_order" where fortran == nil:
        fortran = accept("True") ? true : accept("False") ? false : nil
      case "shape" where shape == nil: shape = tuple()
      default: return nil
      }
      if accept(",") { continue }
      guard accept("}") else { return nil }
      break
    }
    skipSpace()
    guard offset == text.count, let type, let fortran, let shape else { return nil }
    return (type, fortran, shape)
  }

  private mutating func skipSpace() {
    while offset < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[offset]) { offset += 1 }
  }

  private mutating func accept(_ word: String) -> Bool {
    skipSpace()
    guard text[offset...].starts(with: word.utf8) else { return false }
    offset += word.utf8.count
    return true
  }

  private mutating func string() -> String? {
    skipSpace()
    guard offset < text.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[offset]),
      let end = text[(offset + 1)...].firstIndex(of: text[offset])
    else { return nil }
    defer { offset = end + 1 }
    return String(validating: text[offset + 1..<end], as: UTF8.self)
  }

  private mutating func tuple() -> [Int]? {
    guard accept("(") else { return nil }
    var numbers: [Int] = []
    while !accept(")") {
      skipSpace()
      let digits = text[offset...].prefix { (0x30...0x39).contains($0) }
      guard numbers.count < StridedView.mostDimensions,
        let number = Int(String(decoding: digits, as: UTF8.self))
      else { return nil }
      numbers.append(number)
      offset = digits.endIndex
      _ = accept("L")  // Python 2 writes long integers so.
      if accept(",") { continue }
      guard accept(")") else { return nil }
      break
    }
    return numbers
  }
}
