internal import ArgumentParser
internal import Core
private import FoundationEssentials
internal import Reporting
internal import Storage

struct Collect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Free what no results and no recent run need; shows it first.",
    discussion: """
      Kept is everything that the study.lock.json of any study run with this store reaches, wherever \
      its repository lies, and what runs of the last 30 days gave, with all that it was made from. \
      Of a study whose manifest says `keep:`, weights or predictions that it does not name are freed \
      once they are older; a later run makes again those that it needs. \
      Without --yes nothing is freed.

        microtome gc
        microtome gc --keep-days 7 --yes
        microtome gc --forget /old/repository/results/study/study.lock.json

      A lock file that is not there stops it: its disk may not be mounted. --forget lets go of it. \
      Freeing needs the store for itself for a moment; while a study runs, it is exit 3.
      """)

  @OptionGroup var place: StoreOptions

  @Option(help: ArgumentHelp("How long to keep records that no lock names.", valueName: "days"))
  var keepDays = 30

  @Option(help: ArgumentHelp("A lock file that no longer keeps anything.", valueName: "lock"))
  var forget: [String] = []

  @Flag(help: "Free it.")
  var yes = false

  func validate() throws {
    guard (0...36_500).contains(keepDays) else {
      throw ValidationError("--keep-days is from 0 to 36500")
    }
  }

  func run() throws {
    let store = try place.open()
    let index = try StoreIndex(in: store, files: LocalFileSystem())
    try forgetLocks(in: store)
    let since = Machine.now - Int64(keepDays) * 86_400_000_000_000
    let locks = try store.registeredLocks()
    let (whole, lean) = try keys(of: locks)
    func find() throws -> Garbage {
      try GarbageSearch(
        of: store, locked: whole, lean: lean,
        // Records tell whole seconds, cut off; 0 days keep none of them.
        since: Date(timeIntervalSince1970: Double(since / 1_000_000_000 + 1)).ISO8601Format(),
        sinceNanoseconds: since
      ).run()
    }
    guard yes else { return show(try find(), locks: locks, isFreed: false) }
    guard let freed = try Garbage.free(in: store, index: index, find) else {
      throw CommandFailure(
        status: 3, code: "store.busy", message: "another process uses the store at \(store.root)",
        subject: store.root.text, hint: "wait until it has ended; nothing was freed")
    }
    show(freed, locks: locks, isFreed: true)
  }

  private func forgetLocks(in store: Store) throws {
    for word in forget {
      let lock = Session.absolute(word)
      if try store.forget(lock: lock) { continue }
      let known = try store.registeredLocks().map(\.text)
      throw CommandFailure(
        status: 2, code: "store.no-such-lock", message: "the store does not know \(lock)",
        subject: lock.text,
        hint: known.isEmpty ? "it knows no lock file" : "it knows \(known.joined(separator: ", "))")
    }
  }

  /// What all lock files name. One that cannot be read could name anything, so nothing is freed.
  private func keys(of locks: [Path]) throws -> (Set<Digest>, lean: [Digest: Set<String>]) {
    var whole: Set<Digest> = []
    var lean: [Digest: Set<String>] = [:]
    for path in locks {
      do {
        let bytes = try LocalFileSystem().read(path)
        let study = try LockedStudy(decoding: bytes)
        guard study.keep != nil else {
          whole.formUnion(study.stepsByKey.keys)
          continue
        }
        // What one study may lose another may want: only what none of them wants goes.
        for key in study.stepsByKey.keys {
          let names = study.droppable[key] ?? []
          lean[key] = lean[key]?.intersection(names) ?? names
        }
      } catch {
        throw CommandFailure(
          status: 3, code: "store.lock-unreadable",
          message: "the lock file of a study that uses the store cannot be read: \(path)",
          subject: path.text,
          hint: "mount its disk or restore it; if the study is gone, pass `--forget \(path)`")
      }
    }
    return (whole, lean)
  }

  private func show(_ garbage: Garbage, locks: [Path], isFreed: Bool) {
    let console = Console()
    if place.json {
      console.result(
        JSON.text(
          GarbageShape(
            objects: garbage.objects.count, bytes: garbage.bytes, records: garbage.records.count,
            removed: isFreed ? garbage.objects.count : 0,
            kept: .init(objects: garbage.keptObjects, bytes: garbage.keptBytes),
            locks: locks.map(\.text))))
    }
    for lock in locks { console.say("kept for \(lock)") }
    let size = fixed(Double(garbage.bytes) / 0x1p20, digits: 1)
    let kept = fixed(Double(garbage.keptBytes) / 0x1p20, digits: 1)
    console.say(
      "\(isFreed ? "freed" : "would free") \(garbage.objects.count) objects of \(size) MiB, "
        + "\(garbage.records.count) records and \(garbage.others.count) other files; "
        + "\(isFreed ? "kept" : "would keep") \(garbage.keptObjects) objects of \(kept) MiB")
    if !isFreed, !garbage.isEmpty { console.say("  hint: pass --yes to free it") }
  }
}

struct GarbageShape: Encodable {
  struct Kept: Encodable {
    var objects: Int
    var bytes: Int64
  }
  var objects: Int
  var bytes: Int64
  var records, removed: Int
  var kept: Kept
  var locks: [String]
}
