internal import ArgumentParser
private import Glibc
internal import TensorKernels

/// The `microtome-bench` program: what the engine costs, in time, memory, instructions.
@main
struct MicrotomeBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "microtome-bench",
    abstract: "Times the engine's training steps, inference and kernels.",
    discussion: """
      `Tests/Peers/compare-engine` runs it in turn with PyTorch and prints ratios.

        microtome-bench train --network unet-resnet18 --batch 8 --size 256 --threads 2 --json
        microtome-bench infer --network unet-resnet18 --batch 8 --size 256 --threads 2 --json
        microtome-bench kernels --threads 1
        microtome-bench agree --reference engine.json --tag dev --json
        microtome-bench start --encoder resnet18
        microtome-bench metrics --truth a.png --prediction b.png --json

      Exit codes: 0 done; 2 the command line is wrong; 3 the processor is not supported; 70 a defect.
      """,
    subcommands: [Train.self, Infer.self, Kernels.self, Agree.self, Start.self, Metrics.self])

  static func main() {
    do {
      guard Processor.supportsKernels else {
        fail("this processor lacks AVX2 or FMA", status: 3)
      }
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let status = exitCode(for: error).rawValue
      let isAnswer = status == 0  // --help
      let text = fullMessage(for: error)
      if isAnswer { print(text) } else { say(text) }
      // What the parser calls a usage error, 64, is 2 in all our programs; a thrown error is ours.
      Glibc.exit(isAnswer ? 0 : status == 64 ? 2 : 70)
    }
  }

  private static func fail(_ message: String, status: Int32) -> Never {
    say("error: \(message)")
    Glibc.exit(status)
  }

  private static func say(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
