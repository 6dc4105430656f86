internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Storage

/// What a plan would cost: disk from the size of networks, time and memory from past records.
struct Estimate {
  /// Bytes of weights that the steps that are not cached will add.
  var diskBytes: Int64
  /// Wall seconds on all cores; `nil` until a step of each long kind has a record.
  var seconds: Double?
  /// Bytes of memory that the largest step needs, as declared where no step like it has a record.
  var memoryBytes: Int64

  struct Shape: Encodable {
    var diskBytes: Int64
    var seconds: Double?
    var memoryBytes: Int64
    enum CodingKeys: String, CodingKey {
      case diskBytes = "disk_bytes"
      case memoryBytes = "memory_bytes"
      case seconds
    }
  }
  var shape: Shape { Shape(diskBytes: diskBytes, seconds: seconds, memoryBytes: memoryBytes) }

  init(
    plan: Plan, resolution: Resolution, costs: PastCosts, cores: Int
  ) {
    var disk: Int64 = 0
    var memory: Int64 = 0
    var known = true
    var coreSeconds = 0.0
    for step in plan.steps {
      if case .cached? = resolution.states[step.id] { continue }
      disk += Self.bytes(of: step)
      memory = max(memory, step.demand(knowing: costs).memory)
      if let cost = costs.kinds[step.kind.rawValue] {
        coreSeconds += cost.coreSeconds
      } else if step.kind.isHeavy {
        known = false
      }
    }
    diskBytes = disk
    memoryBytes = memory
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
    let space =
      "about \(ByteCount.text(diskBytes)) of weights to store, up to \(ByteCount.text(memoryBytes)) of "
      + "memory for a step"
    guard let seconds else { return space + "; time is estimated once there are records" }
    return space + ", about \(ProgressDisplay.duration(seconds)) from past records"
  }
}
