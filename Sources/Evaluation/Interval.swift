/// A two-sided interval at a stated confidence; an end that is `nil` is unbounded.
///
/// An exact test on few pairs cannot reject any shift, however large; its interval is the whole
/// line, and saying so is the honest answer.
public struct Interval: Hashable, Sendable, Codable {
  public var low: Double?
  public var high: Double?
  /// The confidence, such as 0.95.
  public var level: Double

  public init(low: Double?, high: Double?, level: Double) {
    self.low = low
    self.high = high
    self.level = level
  }

  /// Whether both ends are finite.
  public var isBounded: Bool { low != nil && high != nil }

  /// Whether a value lies in the interval, ends included.
  public func contains(_ value: Double) -> Bool {
    (low ?? -.infinity) <= value && value <= (high ?? .infinity)
  }
}
