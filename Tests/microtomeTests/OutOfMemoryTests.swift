import Foundation
import Testing

extension ProgramTests {
  @Suite(
    "The kernel kills for want of memory",
    .enabled(
      if: MemoryGroup.isAvailable,
      "no control group of memory can be made here: that takes root and the kernel's controller"))
  struct OutOfMemoryTests {
    private static let cell = "gland/random/n=2/r=1/train"

    /// The batch needs a gigabyte; the program and a worker without it need 80 MB.
    private static let manifest = TinyStudy.with("batch: 2, steps: 3", "batch: 4096, steps: 3")
    private static let limit = 160_000_000

    @Test("the step is reported as out of memory, each time that it is tried; its store is valid")
    func killed() throws {
      let program = try Program()
      try program.write(Self.manifest, to: "study.yaml")
      let group = try MemoryGroup(bytes: Self.limit)
      defer { group.remove() }
      let outcome = try program.run(
        ["run", "study.yaml", "--json", "--retries", "1", "--only", Self.cell],
        through: group.entrance)
      #expect(outcome.status == 1, "\(outcome.error)")
      #expect(outcome.error.contains("(retry 1 of 1)"))
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      #expect(failures.map { $0["id"] as? String } == [Self.cell])
      #expect(failures.map { $0["signal"] as? Int32 } == [SIGKILL])
      #expect(failures.map { $0["tries"] as? Int } == [2])
      let diagnostics = failures.first?["diagnostics"] as? [[String: Any]] ?? []
      #expect(diagnostics.map { $0["code"] as? String } == ["step.out-of-memory"])
      let words = diagnostics.first?["message"] as? String ?? ""
      #expect(words.contains("while the kernel killed one process for want of memory"), "\(words)")
      #expect((diagnostics.first?["hint"] as? String)?.contains("--memory") == true)
      #expect(outcome.error.contains("more than the 15"), "the limit of the group is the budget")

      // Nothing of it is left, and with less to do at once the study goes on.
      #expect(try program.findings().status == 0)
      let executed = try program.execute(TinyStudy.manifest)
      #expect(executed.contains(Self.cell) && !executed.contains("tissue/synthesize"))
      program.clean()
    }
  }
}
