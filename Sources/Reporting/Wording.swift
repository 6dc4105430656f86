internal import Core
internal import Evaluation
internal import ManifestModel

/// Numbers and names as sentences, tables and figures write them.
enum Wording {
  /// Three digits after the point with a true minus sign.
  static func value(_ value: Double?, digits: Int = 3) -> String {
    guard let value else { return "–" }
    return fixed(value, digits: digits).replacing("-", with: "−")
  }

  /// A difference with its sign.
  static func signed(_ value: Double?, digits: Int = 3) -> String {
    guard let number = value else { return "–" }
    let text = Self.value(number, digits: digits)
    return number > 0 && text.contains(where: { $0 != "0" && $0 != "." }) ? "+" + text : text
  }

  /// `[0.020, 0.062]`; an end without bound is infinite.
  static func interval(_ interval: Interval?) -> String {
    guard let interval else { return "–" }
    let low = interval.low.map { value($0) } ?? "−∞"
    let high = interval.high.map { value($0) } ?? "∞"
    return "[\(low), \(high)]"
  }

  /// The number alone: `0.031`, `< 0.001`.
  static func p(_ p: Double?) -> String {
    guard let p else { return "–" }
    return p < 0.001 ? "< 0.001" : fixed(p, digits: 3)
  }

  /// With its sign of equality: `p = 0.031`, `p < 0.001`.
  static func equation(_ name: String, _ p: Double) -> String {
    p < 0.001 ? "\(name) < 0.001" : "\(name) = \(fixed(p, digits: 3))"
  }

  /// A declared or exact number, as it is: `0.05`, `0.0625`.
  static func number(_ value: Double) -> String { shortestDecimal(value) }

  /// `95 %`.
  static func percent(_ share: Double) -> String {
    // Rounded first: 1 - 0.05 is not written as 94.99999999999999.
    shortestDecimal((share * 100_000).rounded() / 1000) + " %"
  }

  /// `a, b and c`.
  static func list(_ items: [String]) -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " and " + last
  }

  /// `n = 8`, and `n = 85 (all)` where the label says something else than the number.
  static func size(_ label: String, _ images: Int) -> String {
    label == "\(images)" ? "n = \(images)" : "n = \(images) (\(label))"
  }

  /// A metric's everyday name: `dice.pooled.v1` is `pooled Dice`; unknown ones stay as they are.
  static func metric(_ fullName: String) -> String {
    let parts = fullName.split(separator: ".")
    let names = [
      "dice": "Dice", "iou": "IoU", "dice2": "Dice2", "aji": "AJI", "aji_plus": "AJI+", "dq": "DQ",
      "sq": "SQ", "pq": "PQ", "object_f1": "object F1", "object_dice": "object Dice",
      "object_hausdorff": "object Hausdorff distance", "mpq": "mPQ", "mpq_plus": "mPQ+",
      "detection_f1": "detection F1", "type_f1": "type F1",
    ]
    guard let name = parts.first.flatMap({ names[String($0)] }), parts.count > 1 else {
      return fullName
    }
    return switch parts[1] {
    case "pooled": "pooled \(name)"
    case "image_mean_epsilon": "\(name) (+1e-6)"
    default: name
    }
  }

  /// Whether the lower of two values is the better one; of a name of no release nobody knows.
  static func isLowerBetter(_ fullName: String) -> Bool {
    Metric(fullName: fullName)?.isLowerBetter ?? false
  }

  /// A metric's everyday name, and that lower is better where it is: for axes and captions.
  static func directedMetric(_ fullName: String) -> String {
    metric(fullName) + (isLowerBetter(fullName) ? " (lower is better)" : "")
  }

  /// How the correction is called in a sentence; `nil` for none.
  static func correction(_ correction: MultiplicityCorrection) -> String? {
    switch correction {
    case .holm: "Holm's correction"
    case .bonferroni: "Bonferroni's correction"
    case .benjaminiHochberg: "Benjamini and Hochberg's correction"
    case .none: nil
    }
  }

  /// `1 replicate`, `2 replicates`.
  static func count(_ count: Int, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
  }
}
