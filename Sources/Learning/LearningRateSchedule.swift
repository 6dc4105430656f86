internal import Core

/// How the learning rate changes over a run.
public enum LearningRateSchedule: Hashable, Sendable {
  case constant
  /// Rises linearly over `warmUp` steps, then falls along half a cosine to `floor` times the base.
  case cosine(warmUp: Int = 0, floor: Double = 0)
  /// Multiplied by `factor` after every `interval` steps.
  case step(interval: Int, factor: Double = 0.1)

  /// The rate of one optimiser step.
  ///
  /// - Parameters:
  ///   - base: The rate that the schedule scales.
  ///   - step: From 0.
  ///   - total: Steps in the run.
  public func rate(base: Double, step: Int, total: Int) -> Double {
    switch self {
    case .constant:
      return base
    case .cosine(let warmUp, let floor):
      if step < warmUp { return base * Double(step + 1) / Double(warmUp) }
      let span = max(1, total - warmUp)
      let progress = min(1, Double(step - warmUp) / Double(span))
      let (cosine, _) = PortableMath.cosineAndSine(turns: progress / 2)
      return base * (floor + (1 - floor) * 0.5 * (1 + cosine))
    case .step(let interval, let factor):
      return base * (0..<(step / max(1, interval))).reduce(1.0) { rate, _ in rate * factor }
    }
  }
}
