import Core
import Foundation
import Planning
import Storage
import Testing

@testable import Execution

/// No step of ours starts a process; a library that one comes to use may.
@Suite("What a worker has started ends with it")
struct WorkerDescendantsTests {
  /// How a worker comes to its end, as the rest of a script that has started its children.
  enum End: String, CaseIterable {
    case withoutWork = #"exec "$program" "$@""#
    case interrupted = "read job; read stop; exit 75"
    case overrun = "trap '' TERM; while :; do /bin/sleep 0.1; done"
    case killed = "kill -KILL $$"
  }

  private let files = LocalFileSystem()
  private let root = Path("/tmp/microtome-group-\(UInt64.random(in: 0 ... .max))")

  /// A worker with two children, one of which has a child too; `started` lists them and itself.
  private func worker(_ end: End) throws -> Path {
    let script = """
      #!/bin/sh
      program='\(Path.builtProgram)'
      started='\(root)/started'
      echo $$ >>"$started"
      /bin/sleep 100 & echo $! >>"$started"
      ( /bin/sleep 100 & echo $! >>"$started"; wait ) & echo $! >>"$started"
      while [ "$(/usr/bin/wc -l <"$started")" -lt 4 ]; do /bin/sleep 0.01; done
      \(end.rawValue)

      """
    try files.createDirectory(root)
    let path = root / "worker"
    try files.write(Array(script.utf8), to: path)
    chmod(path.text, 0o755)
    return path
  }

  private func started() -> [pid_t] {
    let text = (try? files.read(root / "started")).map { String(decoding: $0, as: UTF8.self) }
    return (text ?? "").split(separator: "\n").compactMap { pid_t($0) }
  }

  /// Whether a process is there and has not just ended.
  private func runs(_ pid: pid_t) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    guard let status, let name = status.lastIndex(of: ")") else { return false }
    return !["Z", "X"].contains(status[name...].dropFirst(2).prefix(1))
  }

  /// Those that go on, though they were given the time to end; they are ended now.
  private func survivors() -> [pid_t] {
    for _ in 0..<100 where started().contains(where: runs) { usleep(50_000) }
    let survivors = started().filter(runs)
    for pid in survivors { kill(pid, SIGKILL) }
    return survivors
  }

  @Test("however it ends", arguments: End.allCases)
  func ends(end: End) throws {
    defer { try? files.remove(root) }
    let program = try worker(end)
    let workspace = try Workspace(
      manifest: root / "graph", study: "graph", store: root / "store", results: nil, files: files)
    var options = StudyRun.Options(
      budget: Budget(jobs: 1, cores: 1, memory: 1 << 30), failFast: true, program: program)
    options.grace = .milliseconds(100)
    if end == .overrun { options.stepLimit = .milliseconds(500) }
    let run = StudyRun(
      plan: .bench(steps: 3), externals: Externals(), workspace: workspace, options: options,
      costs: PastCosts(), check: { _, _ in [] },
      shouldStop: { end == .interrupted && started().count == 4 }, observe: { _ in })
    let summary = try run.run()
    #expect(summary.executed == (end == .withoutWork ? 3 : 0))
    #expect(summary.seconds < 60, "its children hold its line open, and are not waited for")
    #expect(summary.wasInterrupted == (end == .interrupted))
    let codes = summary.failures.flatMap(\.diagnostics).map(\.code)
    switch end {
    case .withoutWork, .interrupted: #expect(codes == [])
    case .overrun: #expect(codes == ["step.timeout"])
    case .killed: #expect(codes == ["step.killed"])
    }
    #expect(started().count == 4)
    #expect(survivors() == [])
  }

  /// They went on when their worker ended at once and alone.
  @Test("when its controller is killed")
  func controllerDies() async throws {
    defer { try? files.remove(root) }
    let program = try worker(.withoutWork)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [root = root.text as String, program = program.text as String] in
      // The end of this process is seen by a line that nobody else may hold open.
      for descriptor in 3..<256 as Range<Int32> { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
      let worker = try WorkerProcess(
        program: Path(program),
        arguments: ["worker", "--store", root + "/store", "--supervised", "--serve"], log: nil)
      while !worker.hasEnded {
        let started = try? String(contentsOfFile: root + "/started", encoding: .utf8)
        if started?.filter({ $0 == "\n" }).count == 4 { kill(getpid(), SIGKILL) }
        usleep(10_000)
      }
    }
    #expect(started().count == 4)
    #expect(survivors() == [])
  }
}
