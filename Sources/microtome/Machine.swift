internal import Core
private import Glibc
internal import TensorKernels

/// What the program needs to know of the machine it runs on.
enum Machine {
  /// The processors that this process may use.
  static var cores: Int {
    var set = cpu_set_t()
    guard sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else { return 1 }
    return withUnsafeBytes(of: &set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
  }

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
