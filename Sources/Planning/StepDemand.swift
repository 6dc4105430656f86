internal import Core

/// What a step takes from the machine while it runs.
public struct StepDemand: Hashable, Sendable {
  /// The fewest cores that it runs on, and the most that it can use.
  public var cores: ClosedRange<Int>
  /// Bytes of memory at most.
  public var memory: Int64

  public init(cores: ClosedRange<Int>, memory: Int64) {
    self.cores = cores
    self.memory = memory
  }
}

extension Step {
  /// What the step takes as its kind and parameters tell; a record of a step like it knows better.
  public var demand: StepDemand {
    StepDemand(
      // A short step is done sooner than a core is worth waiting for.
      cores: kind.isShort ? 0...0 : kind.isHeavy ? 1...Int.max : 1...1,
      memory: Self.process + work)
  }

  /// A worker before it has read anything, libraries included: measured 36 to 45 MiB.
  private static let process: Int64 = 48 << 20

  private var work: Int64 {
    switch kind {
    case .train:
      network(stateBytes: 400e6, pixels: area("training.patch") * number("training.batch"))
    case .predict: network(stateBytes: 200e6, pixels: area("inference.window"))
    case .pretrain:
      // Two views of each image, and two layers of the projector with gradients and moments.
      network(stateBytes: 400e6, pixels: 2 * area("training.patch") * number("training.batch"))
        + Int64(min(2 * 16 * number("projector") * number("projector"), 1e12))
    case .synthesize, .import, .load: 128 << 20
    case .source, .leakage, .subset, .measure, .overlay, .compare, .adjust, .echo: 16 << 20
    }
  }

  /// Weights with what stands beside each of them, which go with the square of the width, and the
  /// activations of a batch.
  ///
  /// The factors are those of a ResNet-18 U-Net, which `StepDemandTests` compares with measurements.
  private func network(stateBytes: Double, pixels: Double) -> Int64 {
    let width = max(number("model.width"), 1 / 64)
    return Int64(min(stateBytes * width * width + 600 * pixels * width, 1e15))
  }

  /// The area of a square.
  private func area(_ name: String) -> Double { number(name) * number(name) }

  private func number(_ name: String) -> Double {
    parameters.first { $0.name == name }?.value.value.number ?? 1
  }
}
