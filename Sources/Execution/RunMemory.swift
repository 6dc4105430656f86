public import Core
private import Synchronization

/// What a run relied on when everything was found or made: files, and how they looked.
///
/// A later run that finds the same words and the same files has nothing to do, and knows it at the
/// cost of one stat for each file. Looks are size, both times, inode and device: the change time moves
/// when someone puts the other one back. A look that differs, or that says nothing because the file
/// had just changed when it was taken, is settled by the content. The memory is derived: without it a
/// run looks at every step instead.
public struct RunMemory: Hashable, Sendable {
  /// A file or directory that the run relied on.
  public struct Entry: Hashable, Sendable {
    public var name: String
    public var status: FileStatus
    /// The SHA-256 of the file's bytes, or of the names in the directory; `nil` if nobody knows it.
    public var content: Digest?
    /// Whether a change after the look would show in another look.
    public var isSettled: Bool
  }

  /// The entries of one directory.
  public struct Folder: Hashable, Sendable {
    public var directory: Path
    public var entries: [Entry]
  }

  /// A file before it is remembered.
  public struct Witness: Hashable, Sendable {
    public var path: Path
    public var content: Digest?
    /// How the file looked when it was read, and when that was; `nil` to look now.
    public var look: Look?

    public struct Look: Hashable, Sendable {
      public var status: FileStatus
      public var time: Int64

      public init(_ status: FileStatus, at time: Int64) {
        self.status = status
        self.time = time
      }
    }

    public init(_ path: Path, content: Digest?, look: Look? = nil) {
      self.path = path
      self.content = content
      self.look = look
    }
  }

  /// Names everything else that the run depended on: program, options, words of the command line.
  public var fingerprint: Digest
  /// What the run said, for the run that has nothing else to say.
  public var message: [UInt8]
  public var folders: [Folder]

  public init(fingerprint: Digest, message: [UInt8], folders: [Folder]) {
    self.fingerprint = fingerprint
    self.message = message
    self.folders = folders
  }

  /// Looks at what is to be remembered.
  ///
  /// - Parameter now: Nanoseconds since 1970.
  /// - Returns: `nil` if something is not there, or changes too fast to be remembered.
  public init?(
    fingerprint: Digest, message: [UInt8], witnesses: [Witness], files: any FileSystem, now: Int64
  ) throws(FileError) {
    var folders: [Path: [Entry]] = [:]
    for witness in witnesses {
      let look: Witness.Look
      if let earlier = witness.look {
        look = earlier
      } else {
        guard let status = try files.status(of: witness.path) else { return nil }
        look = .init(status, at: now)
      }
      var entry = Entry(
        name: witness.path.name, status: look.status, content: witness.content,
        isSettled: look.status.isSettled(at: look.time))
      if !entry.isSettled, entry.content == nil {
        // What is there now may be something else than what was read then.
        guard witness.look == nil else { return nil }
        entry.content = try files.contentDigest(of: witness.path, look.status.kind)
      }
      folders[witness.path.parent, default: []].append(entry)
    }
    self.init(
      fingerprint: fingerprint, message: message,
      folders: folders.sorted { $0.key < $1.key }.map {
        Folder(
          directory: $0.key,
          entries: $0.value.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
      })
  }
}

extension RunMemory {
  /// What became of the files since.
  public struct Examination: Sendable {
    /// The memory with the looks of today.
    public var memory: RunMemory
    /// Files that are gone or have another content.
    public var changed: [Witness] = []
    /// Whether looks differ although nothing else does, so that the memory should be kept anew.
    public var isStale = false
  }

  private struct Doubt: Sendable {
    var folder: Int
    var entry: Int
    var status: FileStatus?
    var content: Digest?
  }

  /// Looks at every file, and into those whose looks do not settle it.
  public func examined(by files: any FileSystem, now: Int64) -> Examination {
    let found = Mutex<[Doubt]>([])
    concurrently(folders.count) { index in
      let doubts = self.doubts(about: index, files)
      if !doubts.isEmpty { found.withLock { $0 += doubts } }
    }
    // What became of a file does not depend on which thread asked.
    let doubts = found.withLock { $0.sorted { ($0.folder, $0.entry) < ($1.folder, $1.entry) } }
    let settled = Mutex(doubts)
    concurrently(doubts.count) { index in
      let doubt = doubts[index]
      guard let status = doubt.status else { return }
      let entry = folders[doubt.folder].entries[doubt.entry]
      let path = folders[doubt.folder].directory / entry.name
      guard status.kind == entry.status.kind, entry.content != nil else { return }
      let content = try? files.contentDigest(of: path, status.kind)
      settled.withLock { $0[index].content = content }
    }
    return verdict(settled.withLock { $0 }, now)
  }

  private func doubts(about index: Int, _ files: any FileSystem) -> [Doubt] {
    let folder = folders[index]
    let names = folder.entries.map(\.name)
    let statuses =
      (try? files.statuses(of: names, in: folder.directory)) ?? names.map { _ in nil }
    return folder.entries.indices.compactMap { i in
      let entry = folder.entries[i]
      return entry.isSettled && statuses[i] == entry.status
        ? nil : Doubt(folder: index, entry: i, status: statuses[i])
    }
  }

  private func verdict(_ doubts: [Doubt], _ now: Int64) -> Examination {
    var result = Examination(memory: self)
    for doubt in doubts {
      let entry = folders[doubt.folder].entries[doubt.entry]
      guard let status = doubt.status, let content = doubt.content, content == entry.content else {
        result.changed.append(
          Witness(folders[doubt.folder].directory / entry.name, content: entry.content))
        continue
      }
      let isSettled = status.isSettled(at: now)
      result.isStale = result.isStale || isSettled || status != entry.status
      result.memory.folders[doubt.folder].entries[doubt.entry] = Entry(
        name: entry.name, status: status, content: content, isSettled: isSettled)
    }
    return result
  }
}

extension FileSystem {
  /// The SHA-256 of what a file holds, or of the names in a directory.
  func contentDigest(of path: Path, _ kind: FileStatus.Kind) throws(FileError) -> Digest {
    guard kind == .directory else { return try digest(of: path) }
    return SHA256.digest(of: Array(try list(path).joined(separator: "\0").utf8))
  }
}
