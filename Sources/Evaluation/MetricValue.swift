/// What a metric gave for one image or one test set: a number, or the reason why there is none.
public enum MetricValue: Hashable, Sendable {
  case defined(Double)
  case undefined(String)

  /// The number, if there is one.
  public var value: Double? { if case .defined(let value) = self { value } else { nil } }

  /// Why there is no number; `nil` if there is one.
  public var reason: String? { if case .undefined(let reason) = self { reason } else { nil } }

  /// The mean of the defined values, and how many they are.
  ///
  /// Undefined values are left out and never read as 0 or 1; the count says how many were used.
  public static func mean(of values: [MetricValue]) -> (mean: MetricValue, defined: Int) {
    let defined = values.compactMap(\.value)
    guard !defined.isEmpty else { return (.undefined("no image has a defined value"), 0) }
    return (.defined(defined.reduce(0, +) / Double(defined.count)), defined.count)
  }
}
