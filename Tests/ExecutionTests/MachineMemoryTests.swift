import Core
import Execution
import Testing

@Suite("Memory of the machine")
struct MachineMemoryTests {
  private func memory(_ files: [Path: String]) throws -> MachineMemory {
    let disk = MemoryFileSystem()
    for (path, text) in files {
      try disk.createDirectory(path.parent)
      try disk.write(Array(text.utf8), to: path)
    }
    return MachineMemory(files: disk)
  }

  private let machine: [Path: String] = [
    "/proc/meminfo": "MemTotal:       24731648 kB\nMemAvailable:   20000000 kB\n",
    "/proc/vmstat": "nr_free_pages 17\noom_kill 3\n",
  ]

  @Test("without control groups it is what the kernel calls available")
  func plain() throws {
    #expect(try memory(machine).available == 20_000_000 * 1024)
    #expect(try memory(machine).kills == 3)
    let unknown = try memory([:])
    #expect(unknown.available == nil && unknown.kills == nil)
  }

  @Test("the limit of a container is what there is, less what it uses, its cache not counted")
  func secondVersion() throws {
    let group = machine.merging([
      "/proc/self/cgroup": "0::/user.slice/run.scope\n",
      "/sys/fs/cgroup/user.slice/run.scope/memory.max": "4000000000\n",
      "/sys/fs/cgroup/user.slice/run.scope/memory.current": "1000000000\n",
      "/sys/fs/cgroup/user.slice/run.scope/memory.stat": "anon 500\ninactive_file 200000000\n",
      "/sys/fs/cgroup/user.slice/run.scope/memory.events": "low 0\noom 2\noom_kill 1\n",
    ]) { $1 }
    #expect(try memory(group).available == 3_200_000_000)
    #expect(try memory(group).kills == 1, "the kills of the group, not those of the machine")
  }

  @Test("a limit of an outer group counts too, and `max` is none")
  func outer() throws {
    let groups = machine.merging([
      "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "max\n",
      "/sys/fs/cgroup/a/b/memory.current": "1\n", "/sys/fs/cgroup/a/memory.max": "5000\n",
      "/sys/fs/cgroup/a/memory.current": "1000\n",
    ]) { $1 }
    #expect(try memory(groups).available == 4000)
  }

  @Test("the first version, in a container whose path is that of the host")
  func firstVersion() throws {
    let groups = machine.merging([
      "/proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/f00\n0::/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "2500\n",
      "/sys/fs/cgroup/memory/memory.stat": "cache 300\ntotal_inactive_file 200\n",
      "/sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n",
    ]) { $1 }
    #expect(try memory(groups).available == 700)
    #expect(try memory(groups).kills == 7)
    let unlimited = groups.merging([
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"
    ]) { $1 }
    #expect(try memory(unlimited).available == 20_000_000 * 1024)
  }
}
