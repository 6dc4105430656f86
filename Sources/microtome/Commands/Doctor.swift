internal import ArgumentParser
internal import Core
internal import Execution
private import Glibc
internal import Steps
internal import Storage
internal import TensorKernels

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check that this machine has what studies need.")

  @OptionGroup var options: StoreOptions

  func run() throws {
    let console = Console()
    let checks = [processor, cores, memory, libraries, storeCheck]
    if options.json { console.result(JSON.text(DoctorShape(checks: checks))) }
    for check in checks {
      let mark = check.ok ? console.colour("ok", .green) : console.colour("no", .red)
      console.say("\(mark)  \(check.name): \(check.detail)")
      if let fix = check.fix, !check.ok { console.say("    \(fix)") }
    }
    if checks.contains(where: { !$0.ok }) { throw ExitCode(3) }
  }

  private var processor: DoctorShape.Check {
    .init(
      name: "processor", ok: Processor.supportsKernels,
      detail: Processor.supportsKernels ? "has AVX2 and FMA" : "lacks AVX2 or FMA",
      fix: "run on an x86-64 processor with AVX2 and FMA (Intel since 2013, AMD since 2015)")
  }

  private var cores: DoctorShape.Check {
    .init(name: "cores", ok: true, detail: "\(Machine.cores)", fix: nil)
  }

  private var memory: DoctorShape.Check {
    let bytes = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    let gibibytes = bytes / 0x1p30
    return .init(
      name: "memory", ok: gibibytes >= 2, detail: "\(fixed(gibibytes, digits: 1)) GiB",
      fix: "use a machine with at least 2 GiB")
  }

  private var libraries: DoctorShape.Check {
    .init(name: "numerics", ok: true, detail: NumericsIdentity.current, fix: nil)
  }

  private var storeCheck: DoctorShape.Check {
    let files = LocalFileSystem()
    let place = options.place(files)
    do {
      let store = try Store(at: place, files: files)
      _ = try StoreIndex(in: store, files: files)
      let probe = store.root / "tmp/doctor"
      try files.write([1], to: probe)
      try files.remove(probe)
      return .init(name: "store", ok: true, detail: "\(place) is writable", fix: nil)
    } catch {
      return .init(
        name: "store", ok: false, detail: "\(error)",
        fix: "correct the permissions, or move the store with --store")
    }
  }
}
