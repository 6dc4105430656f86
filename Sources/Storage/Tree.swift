internal import Core

/// A named set of objects that is an object itself: an artifact with many files.
public struct Tree: Hashable, Sendable, Codable {
  /// Ascending by name.
  public let entries: [NamedObject]

  public init(_ entries: [NamedObject]) { self.entries = entries.sorted { $0.name < $1.name } }

  /// The entry under a name.
  public subscript(name: String) -> NamedObject? { entries.first { $0.name == name } }

  /// The tree's own bytes: one line of JSON for each entry after a header, so that diffs read well.
  public var encoded: [UInt8] {
    Array("{\"tree\":1}\n".utf8) + entries.flatMap(\.line)
  }

  public init(decoding bytes: [UInt8]) throws {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard lines.first == ArraySlice("{\"tree\":1}".utf8) else {
      throw StoreError(.unreadable, "an object that should be a tree is something else")
    }
    self.init(try lines.dropFirst().map { try JSON.decode(NamedObject.self, from: Array($0)) })
    guard entries.allSatisfy(\.staysBelow) else {
      throw StoreError(.unreadable, "a tree with a name that leads out of it")
    }
  }

  /// The names under which two trees differ, in order.
  public func differingNames(from other: Tree) -> [String] {
    func digests(_ tree: Tree) -> [String: Digest] {
      Dictionary(tree.entries.map { ($0.name, $0.digest) }, uniquingKeysWith: { a, _ in a })
    }
    let (ours, theirs) = (digests(self), digests(other))
    return Set(ours.keys).union(theirs.keys).sorted().filter { ours[$0] != theirs[$0] }
  }
}

extension NamedObject {
  /// One line of JSON.
  ///
  /// As `JSON.encode` writes it, which is slow by the ten thousand; names that need no escape, as
  /// nearly all do, are written here.
  var line: [UInt8] {
    let isPlain = name.utf8.allSatisfy {
      (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
    let text =
      isPlain
      ? "{\"bytes\":\(bytes),\"digest\":\"\(digest.hex)\",\"name\":\"\(name)\"}" : JSON.text(self)
    return Array(text.utf8) + [UInt8(ascii: "\n")]
  }

  /// Whether a file of this name lies below the directory that it is written to.
  public var staysBelow: Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." } && !name.contains("\0")
  }
}
