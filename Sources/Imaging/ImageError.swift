/// An image that cannot be read or written: what kind of problem, and why in words.
public struct ImageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of problem, as they appear in diagnostics.
  public enum Code: String, Hashable, Sendable {
    /// The content is of no format that is read here.
    case unknownFormat = "unknown-format"
    /// The format is read, this variant of it is not.
    case unsupported
    /// The header claims more than the limits allow.
    case tooLarge = "too-large"
    /// The content is truncated or contradicts itself.
    case damaged
    /// A label mask is in colour, so that a pixel names no label.
    case colouredLabels = "coloured-labels"
    case outOfMemory = "out-of-memory"
  }

  public var code: Code
  public var reason: String

  public init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  public var description: String { reason }
}
