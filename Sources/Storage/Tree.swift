public import Core

/// A named set of objects that is an object itself: an artifact with many files.
public struct Tree: Hashable, Sendable, Codable {
  public struct Entry: Hashable, Sendable, Codable {
    public var name: String
    public var digest: Digest
    public var bytes: Int64
    public init(name: String, digest: Digest, bytes: Int64) {
      self.name = name
      self.digest = digest
      self.bytes = bytes
    }
  }

  /// Ascending by name.
  public let entries: [Entry]

  public init(_ entries: [Entry]) { self.entries = entries.sorted { $0.name < $1.name } }

  /// The entry under a name.
  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// The tree's own bytes: one line of JSON for each entry after a header, so that diffs read well.
  public var encoded: [UInt8] {
    Array("{\"tree\":1}\n".utf8) + entries.flatMap { JSON.encode($0) + [UInt8(ascii: "\n")] }
  }

  public init(decoding bytes: [UInt8]) throws {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard lines.first == ArraySlice("{\"tree\":1}".utf8) else {
      throw StoreError(.unreadable, "an object that should be a tree is something else")
    }
    self.init(try lines.dropFirst().map { try JSON.decode(Entry.self, from: Array($0)) })
  }
}
