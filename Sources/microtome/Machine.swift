internal import Core
internal import Execution
private import Glibc
internal import TensorKernels

/// What the program needs to know of the machine it runs on.
enum Machine {
  /// The processors that are online.
  static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// What the steps of a run may take: the machine as it is, unless told otherwise.
  static func budget(jobs: Int?, memory: Int64?) -> Budget {
    Budget(
      jobs: jobs ?? cores, cores: cores,
      memory: memory ?? max(1, MachineMemory(files: LocalFileSystem()).available ?? .max >> 3))
  }

  /// Has the kernel end this process rather than its controller where memory is short.
  static func yieldMemoryFirst() {
    let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = write(file, "500", 3)
    close(file)
  }

  /// Nanoseconds since 1970.
  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// When this process looked at the clock first; `Interruption` has it do so at once.
  static let start = now

  static var secondsSinceStart: Double { Double(now - start) / 1e9 }

  /// The program itself, to be started as a worker.
  static var program: Path {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    return Path(
      String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// Kernels are compiled for AVX2 and FMA; elsewhere they must not be entered.
  static func requireKernels() throws {
    guard Processor.supportsKernels else {
      throw CommandFailure(
        status: 3, code: "unsupported-processor", message: "this processor lacks AVX2 or FMA",
        hint: "run on an x86-64 processor with both (Intel since 2013, AMD since 2015)")
    }
  }
}
