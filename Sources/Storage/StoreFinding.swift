public import Core

/// One thing in a store, or that a store tells of, that is not as it should be.
public struct StoreFinding: Hashable, Sendable {
  public enum Subject: String, Hashable, Sendable {
    /// An artifact, or a part of one.
    case object
    /// The canonical encoding of an action, which is an object too.
    case action
    case record
    case index
    /// A file outside the store that the index knows by its digest.
    case source
    /// The committed lock file of a study.
    case lock
    /// A step that was run again.
    case step
  }

  public enum Problem: String, Hashable, Sendable {
    /// Its bytes are not those that were written.
    case damaged
    case missing
    /// The system did not give its bytes.
    case unreadable
    /// It says something else than what is there.
    case differs
    /// It did not run to its end.
    case failed
  }

  public var subject: Subject
  public var problem: Problem
  /// The digest of an object, action or record.
  public var digest: Digest?
  public var path: Path
  /// The step that made it, and which of its outputs it is: `gland/random/n=2/r=1/train: weights`.
  public var maker: String?
  /// What more there is to say.
  public var detail: String?

  public init(
    _ subject: Subject, _ problem: Problem, digest: Digest? = nil, path: Path,
    maker: String? = nil, detail: String? = nil
  ) {
    self.subject = subject
    self.problem = problem
    self.digest = digest
    self.path = path
    self.maker = maker
    self.detail = detail
  }
}
