import Core
import Foundation

extension Path {
  /// The program, for workers: it stands beside the test bundle, whose executable is this process.
  static let builtProgram = Path(
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "microtome").path)
}
