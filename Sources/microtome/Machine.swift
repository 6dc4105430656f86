internal import Core
private import Glibc
internal import TensorKernels

/// What the program needs to know of the machine it runs on.
enum Machine {
  /// The processors that are online.
  static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

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
