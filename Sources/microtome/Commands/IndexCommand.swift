internal import ArgumentParser
internal import Core
internal import Execution
internal import Storage

struct IndexCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "index", abstract: "Work on the index of a store.",
    subcommands: [Rebuild.self])

  struct Rebuild: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rebuild",
      abstract: "Make the index again from objects and records alone.",
      discussion: """
        The index is derived: what actions cost, the last keys of steps, digests of source files. \
        Losing it loses no result. Digests of source files come back with the next run, which \
        hashes the files.

          microtome index rebuild
          microtome index rebuild --store /shared/store
        """)

    @OptionGroup var place: StoreOptions

    func run() throws {
      let store = try place.open()
      let records = try StoreIndex.rebuild(in: store)
      let console = Console()
      if place.json { console.result(JSON.text(["records": records])) }
      console.say("made \(store.root / "index.sqlite") from \(records) records")
    }
  }
}
