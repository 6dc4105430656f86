public import Core

/// Something is wrong with the store itself: what, and about which path or object.
public struct StoreError: Error, Hashable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// A file operation failed.
    case file
    /// An object's bytes do not have the digest that names them; it was moved out of the way.
    case damaged(Digest)
    /// An object that a record names is not there.
    case missing(Digest)
    /// A record or the index cannot be read.
    case unreadable
  }

  public var code: Code
  public var message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public init(_ error: FileError) { self.init(.file, error.description) }

  public var description: String { message }
}
