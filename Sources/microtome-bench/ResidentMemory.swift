private import Glibc

/// What the system says of this process's memory.
enum ResidentMemory {
  /// Bytes resident now.
  static var now: Int { field("VmRSS") }

  /// The most bytes resident since the start, or since `resetPeak`.
  static var peak: Int { field("VmHWM") }

  /// Lets the peak start again from what is resident now, where the system permits it.
  static func resetPeak() {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return }
    fputs("5", file)
    fclose(file)
  }

  private static func field(_ name: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var text = [UInt8](repeating: 0, count: 8192)
    let count = fread(&text, 1, text.count, file)
    let lines = String(decoding: text[..<count], as: UTF8.self).split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("\(name):") }) else { return 0 }
    let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
    return kibibytes.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
  }
}
