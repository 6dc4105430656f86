import Foundation
import Testing

extension ProgramTests {
  @Suite("A processor without AVX2")
  struct ProcessorTests {
    /// Another processor, emulated instruction by instruction.
    private static let emulator = ["/usr/bin/qemu-x86_64", "-cpu", "Nehalem"]

    @Test(
      "is refused with status 3 and a sentence", arguments: [["doctor"], ["run", "cheap.yaml"]])
    func refused(command: [String]) throws {
      let program = try CheapStudy.program()
      defer { program.clean() }
      try program.write(CheapStudy.manifest, to: "cheap.yaml")
      let (process, output, error) = try program.start(
        command + ["--store", "store"], environment: ["MICROTOME_KERNELS": "none"])
      process.waitUntilExit()
      try expectRefusal(program.outcome(of: process, output, error))
    }

    @Test(
      "is noticed where the system's files name another one's vectors",
      .enabled(
        if: FileManager.default.isExecutableFile(atPath: emulator[0]),
        "needs Debian's package qemu-user"),
      arguments: [["doctor"], ["run", "cheap.yaml"]])
    func emulated(command: [String]) throws {
      let program = try CheapStudy.program()
      defer { program.clean() }
      try program.write(CheapStudy.manifest, to: "cheap.yaml")
      try expectRefusal(program.run(command + ["--store", "store"], through: Self.emulator))
    }

    private func expectRefusal(_ outcome: Program.Outcome) {
      #expect(outcome.status == 3)
      #expect(outcome.error.contains("lacks AVX2 or FMA"), "\(outcome.error)")
      #expect(outcome.error.contains("Intel since 2013"), "\(outcome.error)")
    }
  }
}
