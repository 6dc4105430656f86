internal import Core
internal import Execution
internal import ManifestModel
internal import Planning

/// What a plan would cost: disk from the size of networks, time from the records of past actions.
struct Estimate {
  /// Bytes of weights that the steps that are not cached will add.
  var diskBytes: Int64
  /// Wall seconds on all cores; `nil` until a step of each long kind has a record.
  var seconds: Double?

  struct Shape: Encodable {
    var diskBytes: Int64
    var seconds: Double?
    enum CodingKeys: String, CodingKey {
      case diskBytes = "disk_bytes"
      case seconds
    }
  }
  var shape: Shape { Shape(diskBytes: diskBytes, seconds: seconds) }

  init(
    plan: Plan, resolution: Resolution,
    costs: [String: (coreSeconds: Double, peakBytes: Int64)], cores: Int
  ) {
    var disk: Int64 = 0
    var known = true
    var coreSeconds = 0.0
    for step in plan.steps {
      if case .cached? = resolution.states[step.id] { continue }
      disk += Self.bytes(of: step)
      if let cost = costs[step.kind.rawValue] {
        coreSeconds += cost.coreSeconds
      } else if step.kind.isHeavy {
        known = false
      }
    }
    diskBytes = disk
    seconds = known ? coreSeconds / Double(cores) : nil
  }

  /// A U-Net on ResNet-18 has 14.3 million parameters, its encoder 11.2; both go with width squared.
  private static func bytes(of step: Step) -> Int64 {
    let width =
      step.parameters.first { $0.name == "model.width" }?.value.value.number ?? 1
    return switch step.kind {
    case .train: Int64(14.33e6 * 4 * width * width)
    case .pretrain, .load: Int64(11.18e6 * 4 * width * width)
    default: 0
    }
  }

  /// The estimate as people read it.
  var sentence: String {
    let disk = "about \(Self.size(diskBytes)) of weights to store"
    guard let seconds else { return disk + "; time is estimated once there are records" }
    return disk + ", about \(ProgressDisplay.duration(seconds)) from past records"
  }

  private static func size(_ bytes: Int64) -> String {
    if bytes < 1_000_000 { return "\(bytes / 1000) kB" }
    if bytes < 1_000_000_000 { return "\(fixed(Double(bytes) / 1e6, digits: 0)) MB" }
    return "\(fixed(Double(bytes) / 1e9, digits: 1)) GB"
  }
}
