import Core
import Planning
import Testing

@testable import Execution

@Suite("A worker that died")
struct WorkerFailureTests {
  private func failure(
    _ end: WorkerProcess.End, peak: Int64 = 0, kills: Int? = nil, log: [String] = []
  ) -> WorkerFailure {
    WorkerFailure(
      step: Step(
        id: "cell/train", kind: .train, parameters: [], inputs: [], seed: Located(0), group: "g",
        location: nil),
      end: end, peakBytes: peak, memoryKills: kills, log: log)
  }

  @Test("signal 9 is the kernel's, for want of memory, only if the kernel counted a kill")
  func killed() {
    let byKernel = failure(.killed(signal: 9), peak: 3 << 30, kills: 1)
    #expect(byKernel.isOfMemory && byKernel.mayPass)
    #expect(byKernel.diagnostics.map(\.code) == ["step.out-of-memory"])
    #expect(
      byKernel.diagnostics[0].message
        == "cell/train: its worker was killed by signal 9 (SIGKILL) while the kernel killed one "
        + "process for want of memory; it had taken up to 3072 MiB")
    #expect(byKernel.diagnostics[0].hint?.contains("--memory") == true)
    let bySomeone = failure(.killed(signal: 9), kills: 0)
    #expect(!bySomeone.isOfMemory && bySomeone.mayPass)
    #expect(bySomeone.diagnostics.map(\.code) == ["step.killed"])
    #expect(bySomeone.diagnostics[0].message.contains("not by the kernel"))
    let unknown = failure(.killed(signal: 9))
    #expect(!unknown.isOfMemory)
    #expect(unknown.diagnostics[0].message.hasSuffix("killed by signal 9 (SIGKILL) from outside"))
  }

  @Test(
    "last words about memory tell what an abort is",
    arguments: [
      "microtome/Buffer.swift:12: Fatal error: Could not allocate memory.",
      "OpenBLAS: malloc failed: out of memory",
      "Fatal glibc error: cannot allocate memory for find-object data",
      "libswiftRuntime.so: failed to map segment from shared object",
    ])
  func allocation(line: String) {
    let failure = failure(.killed(signal: 6), log: ["step 3", line, "*** Program crashed ***"])
    #expect(failure.isOfMemory)
    #expect(failure.diagnostics[0].code == "step.out-of-memory")
    #expect(failure.diagnostics[0].message.contains("signal 6 (SIGABRT) when it could get no more"))
  }

  @Test("a stack trace does not push out the last words")
  func stackTrace() {
    let words = ["step 3", "Fatal error: failed to allocate 201326624 bytes of memory"]
    let trace = (0..<22).map { "\($0)    microtome    0x000055f694c4b6f1 <unavailable> + \($0)" }
    let failure = failure(.killed(signal: 6), log: words + ["Current stack trace:"] + trace)
    #expect(failure.lastLines == words)
    #expect(failure.diagnostics.map(\.code) == ["step.out-of-memory"])
  }

  @Test("any other signal is a crash to be reported, and a status without a word is said to be one")
  func crashed() {
    #expect(failure(.killed(signal: 11)).diagnostics.map(\.code) == ["step.crashed"])
    #expect(failure(.killed(signal: 11)).diagnostics[0].message.contains("SIGSEGV"))
    #expect(failure(.exited(9)).diagnostics.map(\.code) == ["step.died"])
    #expect(failure(.killed(signal: 15)).diagnostics.map(\.code) == ["step.killed"])
  }

  @Test("what a step says of its input is final; what it says of the disk is not")
  func notes() {
    var refused = failure(.exited(1))
    refused.note = FailureNote(problems: [.init(code: "train.not-finite", message: "NaN")])
    #expect(!refused.mayPass && !refused.isOfMemory)
    #expect(refused.diagnostics.map(\.message) == ["cell/train: NaN"])
    refused.note?.isOfSurroundings = true
    #expect(refused.mayPass)
  }

  @Test("an overrun limit says whether the work was saved")
  func limit() {
    var failure = failure(.exited(StepWorker.Ending.interrupted.rawValue))
    failure.limit = .seconds(90)
    #expect(failure.diagnostics.map(\.code) == ["step.timeout"])
    #expect(failure.diagnostics[0].message.contains("its limit of 90 s; it saved its work"))
    failure.end = .killed(signal: 9)
    #expect(failure.diagnostics[0].message.contains("and was killed"))
    #expect(failure.mayPass)
  }
}
