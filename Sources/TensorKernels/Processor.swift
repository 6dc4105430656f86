internal import Glibc

/// What this machine's processor can run.
public enum Processor {
  /// Which vectors the inner loops use; the results are the same.
  public enum Instructions: String, Hashable, Sendable {
    /// Eight floats at once, with fused multiply-add.
    case avx2
    /// Sixteen floats at once.
    case avx512

    /// The longest that this processor has; `MICROTOME_KERNELS=avx2` in the environment keeps to
    /// the shorter, for instruction counts under tools that know no others.
    public static let best: Instructions = {
      let isHeld = getenv("MICROTOME_KERNELS").map { String(cString: $0) == "avx2" } ?? false
      return !isHeld && Processor.flags.isSuperset(of: ["avx512f", "avx512vl"]) ? .avx512 : .avx2
    }()
  }

  /// Whether the kernels may run here: on x86-64 they need AVX2 and FMA at least.
  public static var supportsKernels: Bool {
    #if arch(x86_64)
      flags.isSuperset(of: ["avx2", "fma"])
    #else
      true
    #endif
  }

  /// The flags of the first processor in /proc/cpuinfo; empty where that file is not there.
  private static let flags: Set<String> = {
    guard let file = fopen("/proc/cpuinfo", "r") else { return [] }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 16_384)
    // The first processor's block is a few kilobytes; all processors of a machine agree here.
    let count = fread(&text, 1, text.count, file)
    let content = String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let line = content.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return [] }
    return Set(
      line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }).map(String.init))
  }()
}
