/// The weights of a convolution in groups: each group of outputs sees its own inputs alone.
///
/// `[taps, inputs / groups, outputs]`. With the few channels that grouped layers have here, running
/// them as one full convolution whose other weights are zero costs less than cutting images apart.
public struct GroupedWeightShape: Hashable, Sendable {
  public var taps: Int
  public var inputs: Int
  public var outputs: Int
  public var groups: Int

  public init(taps: Int, inputs: Int, outputs: Int, groups: Int) {
    self.taps = taps
    self.inputs = inputs
    self.outputs = outputs
    self.groups = groups
  }

  public var fullCount: Int { taps * inputs * outputs }

  /// Calls `body` with the places of each run of outputs: in the groups, and in the full weights.
  fileprivate func forEachRun(_ body: (_ grouped: Int, _ full: Int) -> Void) {
    let share = inputs / groups
    for tap in 0..<taps {
      for group in 0..<groups {
        let column = group * outputs / groups
        for i in 0..<share {
          body(
            (tap * share + i) * outputs + column,
            (tap * inputs + group * share + i) * outputs + column)
        }
      }
    }
  }
}

/// Writes grouped weights as full ones, `[taps, inputs, outputs]`, zeros between groups.
public func spreadGroups(
  _ shape: GroupedWeightShape, _ grouped: UnsafePointer<Float>,
  into full: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  workers.alone {
    full.update(repeating: 0, count: shape.fullCount)
    let run = shape.outputs / shape.groups
    shape.forEachRun { (full + $1).update(from: grouped + $0, count: run) }
  }
}

/// Takes what belongs to the groups out of a gradient of full weights.
public func collectGroups(
  _ shape: GroupedWeightShape, _ full: UnsafePointer<Float>, into grouped: GradientTarget,
  on workers: WorkerPool
) {
  workers.alone {
    let run = shape.outputs / shape.groups
    shape.forEachRun { from, to in
      for i in stride(from: 0, to: run, by: 8) {
        grouped.put(load(full + to + i, run - i), at: from + i, run - i)
      }
    }
  }
}
