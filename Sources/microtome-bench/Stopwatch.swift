/// Times of repeated work.
enum Stopwatch {
  /// How long to repeat.
  enum Span {
    case steps(Int)
    /// Until so many seconds have passed, and at least three times.
    case seconds(Double)
  }

  /// Seconds of each repetition after the warm-up.
  ///
  /// - Parameter between: Done after each repetition, and not part of its time.
  static func time(
    _ span: Span, warmUp: Int, _ work: () throws -> Void, between: () -> Void = {}
  ) rethrows -> [Double] {
    for _ in 0..<warmUp { try work() }
    let clock = ContinuousClock()
    let start = clock.now
    var found: [Double] = []
    while true {
      let seconds = try clock.measure(work) / .seconds(1)
      found.append(seconds)
      between()
      switch span {
      case .steps(let count): if found.count >= count { return found }
      case .seconds(let limit):
        if (clock.now - start) / .seconds(1) >= limit, found.count >= 3 { return found }
      }
    }
  }

  /// The middle value, or the mean of the two in the middle.
  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
