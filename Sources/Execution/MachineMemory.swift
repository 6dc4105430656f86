public import Core

/// What the kernel says of memory: of the machine, and of the control groups that this process is in.
///
/// A container is a control group; its limit, not the machine's memory, is what a run there has.
public struct MachineMemory: Hashable, Sendable {
  /// Bytes that can be taken now without swapping; `nil` where the kernel does not say.
  public var available: Int64?
  /// Processes of the control group, else of the machine, that were killed for want of memory so far.
  public var kills: Int?

  public init(files: any FileSystem) {
    let groups = Self.groups(files)
    let machine = Self.numbers(in: "/proc/meminfo", files)["MemAvailable:"].map { $0 * 1024 }
    available = (groups.compactMap { $0.free(files) } + [machine].compactMap(\.self)).min()
    kills =
      (groups.lazy.compactMap { $0.kills(files) }.first
      ?? Self.numbers(in: "/proc/vmstat", files)["oom_kill"]).map(Int.init)
  }

  /// One directory of the control groups, of their first or second version.
  private struct Group {
    var directory: Path
    var isSecondVersion: Bool

    /// What the group may still take. Its page cache is given back when it is needed.
    func free(_ files: any FileSystem) -> Int64? {
      let limit = directory / (isSecondVersion ? "memory.max" : "memory.limit_in_bytes")
      let usage = directory / (isSecondVersion ? "memory.current" : "memory.usage_in_bytes")
      // A group of the second version without a limit says `max`; one of the first, 2^63 in pages.
      guard let most = number(limit, files), most < 1 << 60, let used = number(usage, files) else {
        return nil
      }
      let statistics = MachineMemory.numbers(in: directory / "memory.stat", files)
      let cache = statistics["total_inactive_file"] ?? statistics["inactive_file"] ?? 0
      return max(0, most - used + cache)
    }

    func kills(_ files: any FileSystem) -> Int64? {
      let counters = directory / (isSecondVersion ? "memory.events" : "memory.oom_control")
      return MachineMemory.numbers(in: counters, files)["oom_kill"]
    }

    private func number(_ path: Path, _ files: any FileSystem) -> Int64? {
      MachineMemory.text(path, files).flatMap { Int64($0.prefix { $0 != "\n" }) }
    }
  }

  /// The control groups that limit this process, its own first, then those around it.
  private static func groups(_ files: any FileSystem) -> [Group] {
    var groups: [Group] = []
    for line in (text("/proc/self/cgroup", files) ?? "").split(separator: "\n") {
      // `4:memory:/path` is the first version, `0::/path` the second.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isSecond = parts[1].isEmpty
      guard isSecond || parts[1].split(separator: ",").contains("memory") else { continue }
      let mount: Path = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      // In a container the path is often that of the host, and the mount is the group itself.
      var path = Path(mount.text + parts[2]).normalized
      while path.text.hasPrefix(mount.text) {
        groups.append(Group(directory: path, isSecondVersion: isSecond))
        path = path.parent
      }
    }
    return groups
  }

  /// The first number after each word that begins a line.
  private static func numbers(in path: Path, _ files: any FileSystem) -> [Substring: Int64] {
    var numbers: [Substring: Int64] = [:]
    for line in (text(path, files) ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 1, let number = Int64(words[1]) { numbers[words[0]] = number }
    }
    return numbers
  }

  private static func text(_ path: Path, _ files: any FileSystem) -> String? {
    (try? files.read(path)).map { String(decoding: $0, as: UTF8.self) }
  }
}
