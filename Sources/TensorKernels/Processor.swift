internal import Glibc

/// What this machine's processor can run.
public enum Processor {
  /// Whether the kernels may run here: on x86-64 they are compiled for AVX2 and FMA alone.
  public static var supportsKernels: Bool {
    #if arch(x86_64)
      let flags = processorFlags()
      return flags.contains("avx2") && flags.contains("fma")
    #else
      return true
    #endif
  }

  /// The flags of the first processor in /proc/cpuinfo; empty where that file is not there.
  private static func processorFlags() -> Set<String> {
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
  }
}
