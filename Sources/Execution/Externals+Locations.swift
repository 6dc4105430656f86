internal import Core
internal import Planning

extension Externals {
  /// Where a step's material outside the store lies; no part of its identity.
  func locations(of step: Step) -> [(name: String, path: Path)] {
    switch step.kind {
    case .import: roots[step.group].map { [("root", $0)] } ?? []
    case .load: weightPaths[step.group].map { [("file", $0)] } ?? []
    default: []
    }
  }
}
