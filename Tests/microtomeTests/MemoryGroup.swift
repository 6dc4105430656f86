import Foundation

/// A control group of the kernel that limits the memory of what runs in it.
struct MemoryGroup {
  private let directory: URL

  /// Whether one can be made: by root, where the kernel's memory controller is at hand.
  static let isAvailable: Bool = {
    guard let group = try? MemoryGroup(bytes: 1 << 30) else { return false }
    group.remove()
    return true
  }()

  init(bytes: Int) throws {
    let (parent, isSecondVersion) = try Self.parent()
    directory = parent.appending(path: "microtome-test-\(UUID().uuidString)")
    guard mkdir(directory.path, 0o755) == 0 else { throw CocoaError(.fileWriteNoPermission) }
    do {
      let limits =
        isSecondVersion
        ? ["memory.max": bytes, "memory.swap.max": 0]
        : ["memory.limit_in_bytes": bytes, "memory.memsw.limit_in_bytes": bytes]
      // Without swapping there is no file to limit it by, and the memory has to be limited before.
      for (name, limit) in limits.sorted(by: { $0.key < $1.key }) {
        let file = directory.appending(path: name)
        let mayLack = name.contains("sw")
        if mayLack, !FileManager.default.fileExists(atPath: file.path) { continue }
        try Data("\(limit)".utf8).write(to: file)
      }
    } catch {
      remove()
      throw error
    }
  }

  /// The group that groups are made in: in the first version that of this process; in the second one
  /// the root, because any other that has processes may have no groups.
  private static func parent() throws -> (URL, isSecondVersion: Bool) {
    let groups = try String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1].split(separator: ",").contains("memory") else { continue }
      let mount = URL(filePath: "/sys/fs/cgroup/memory")
      let own = mount.appending(path: String(parts[2]))
      // In a container the path may be that of the host, and the mount is the group itself.
      let isThere = FileManager.default.fileExists(atPath: own.path)
      return (isThere ? own : mount, false)
    }
    return (URL(filePath: "/sys/fs/cgroup"), true)
  }

  /// A command that starts the one that follows it in the group.
  var entrance: [String] {
    let list = directory.appending(path: "cgroup.procs").path
    return ["/bin/sh", "-c", #"echo $$ >"$0" && exec "$@""#, list]
  }

  /// Removes the group, once the last of its processes is gone.
  func remove() {
    for _ in 0..<100 where rmdir(directory.path) != 0 && errno == EBUSY { usleep(20_000) }
  }
}
