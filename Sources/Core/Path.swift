/// A file path: plain text with slashes, normalised on demand, never resolved against anything hidden.
public struct Path: Hashable, Sendable, Comparable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  public let text: String

  public init(_ text: String) { self.text = text }
  public init(stringLiteral text: String) { self.text = text }

  public var description: String { text }
  public var isAbsolute: Bool { text.hasPrefix("/") }

  /// The last component.
  public var name: String { text.split(separator: "/").last.map(String.init) ?? "/" }

  /// The name without its last extension.
  public var stem: String {
    let name = name
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The last extension in lower case, without the dot; empty if there is none.
  public var suffix: String {
    let name = name
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  /// Everything but the last component.
  public var parent: Path {
    var components = text.split(separator: "/")
    if components.isEmpty { return Path(isAbsolute ? "/" : ".") }
    components.removeLast()
    let joined = components.joined(separator: "/")
    return Path(isAbsolute ? "/" + joined : joined.isEmpty ? "." : joined)
  }

  /// A path below this one; an absolute right side stands for itself.
  public static func / (base: Path, component: String) -> Path {
    // The empty path is where we are, as for `normalized`.
    if component.hasPrefix("/") || base.text.isEmpty { return Path(component) }
    return Path(base.text.hasSuffix("/") ? base.text + component : base.text + "/" + component)
  }

  /// Without `.`, `..` and doubled slashes; purely textual.
  public var normalized: Path {
    var kept: [Substring] = []
    for component in text.split(separator: "/") where component != "." {
      if component == "..", let last = kept.last, last != ".." {
        kept.removeLast()
      } else if component != ".." || !isAbsolute {
        kept.append(component)
      }
    }
    let joined = kept.joined(separator: "/")
    return Path(isAbsolute ? "/" + joined : joined.isEmpty ? "." : joined)
  }

  public static func < (a: Path, b: Path) -> Bool {
    a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }
}
