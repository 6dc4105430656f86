internal import Core
internal import Storage
private import Synchronization

/// Hashes source files where they lie, on all cores; the index remembers what each came to.
struct SourceHashing: Sendable {
  let files: any FileSystem
  let index: StoreIndex
  /// Nanoseconds since 1970, before the files were looked at.
  let now: Int64
  /// Told the number of bytes hashed and of all, from one thread at a time.
  let progress: @Sendable (_ done: Int64, _ total: Int64) -> Void

  typealias File = (path: Path, status: FileStatus)

  init(
    files: any FileSystem, index: StoreIndex, now: Int64,
    progress: @escaping @Sendable (_ done: Int64, _ total: Int64) -> Void
  ) {
    self.files = files
    self.index = index
    self.now = now
    self.progress = progress
  }

  private struct State {
    var digests: [Digest?]
    var done: Int64 = 0
    /// Hashed, and not yet in the index.
    var fresh: [(path: Path, status: FileStatus, digest: Digest)] = []
    /// The failure of the file that stands first, whichever thread met its own first.
    var failure: (index: Int, error: any Error)?
  }

  /// What is hashed is kept, should the scan be stopped: so many files at once go into the index.
  private static let batch = 1024

  /// The digests of files, in their order: from the index where their stat is as it was, else hashed.
  func digests(of found: [File]) throws -> [Digest] {
    let known = try index.digests(of: found)
    // One file is one stream: the largest goes first, and the small ones fill the other cores.
    let missing = known.indices.filter { known[$0] == nil }
      .sorted { (found[$1].status.size, $0) < (found[$0].status.size, $1) }
    guard !missing.isEmpty else { return known.map { $0! } }
    let total = missing.reduce(0) { $0 + found[$1].status.size }
    let state = Mutex(State(digests: known))
    progress(0, total)
    concurrently(missing.count) { position in
      let place = missing[position]
      do {
        let digest = try files.digest(of: found[place].path)
        try note(digest, of: found[place], at: place, total, state)
      } catch {
        state.withLock {
          if place < $0.failure?.index ?? .max { $0.failure = (place, error) }
        }
      }
    }
    return try state.withLock { state in
      try index.remember(state.fresh)
      if let failure = state.failure { throw failure.error }
      return state.digests.map { $0! }
    }
  }

  private func note(
    _ digest: Digest, of file: File, at place: Int, _ total: Int64, _ state: borrowing Mutex<State>
  ) throws {
    // A file that changed while it was read is not remembered under its old stat.
    let isSure = try file.status.isSettled(at: now) && files.status(of: file.path) == file.status
    let full = state.withLock { state in
      state.digests[place] = digest
      // A hundred words are enough for a person, however many files there are.
      let before = state.done * 100 / max(1, total)
      state.done += file.status.size
      if state.done * 100 / max(1, total) > before { progress(state.done, total) }
      if isSure { state.fresh.append((file.path, file.status, digest)) }
      guard state.fresh.count >= Self.batch else { return [] as [(Path, FileStatus, Digest)] }
      defer { state.fresh = [] }
      return state.fresh
    }
    // While this thread writes, the others hash.
    if !full.isEmpty { try index.remember(full) }
  }
}
