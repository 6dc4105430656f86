internal import Evaluation

/// The answer of one comparison in words, made from its numbers alone.
public struct AnswerSentence {
  private let row: ComparisonRow

  public init(_ row: ComparisonRow) { self.row = row }

  /// One or two sentences, in plain text.
  public var text: String {
    switch row.result.answer.verdict {
    case .noData: return noData
    case .cannotReject: return cannotReject
    case .noneSignificant: return noneSignificant + caveats
    case .allSizes:
      return changes
        + ". The difference is significant at every size studied, so where it ends, if it does, "
        + "lies beyond them." + caveats
    case .upToThreshold: return changes + "; " + beyondThreshold + caveats
    case .scattered:
      return changes + ". It is not significant at \(sizes(notSignificant)), so no size marks "
        + "where a difference ends." + caveats
    case .bothSigns:
      return changes + ". The significant differences have opposite signs, so no size marks where "
        + "one ends." + caveats
    }
  }

  private var metric: String { Wording.metric(row.metric) }
  private var place: String { row.testSet + (row.inDomain ? "" : " (out of domain)") }
  private var significant: [SizeResult] {
    row.result.sizes.filter { $0.isSignificant(alpha: row.result.alpha) }
  }
  private var notSignificant: [SizeResult] {
    row.result.sizes.filter { !$0.isSignificant(alpha: row.result.alpha) }
  }

  /// `n = 4, 8 and 85 (all)`.
  private func sizes(_ sizes: [SizeResult]) -> String {
    "n = " + Wording.list(sizes.map { String(Wording.size($0.label, $0.images).dropFirst(4)) })
  }

  private func pName(_ p: Double) -> String {
    Wording.equation(row.result.correction == .none ? "p" : "adjusted p", p)
  }

  /// `+0.041 [0.020, 0.062] at n = 4 (adjusted p = 0.031)`.
  private func figures(_ size: SizeResult) -> String {
    let label = size.label == "\(size.images)" ? [] : [size.label]
    let aside = (label + (size.adjustedP.map { [pName($0)] } ?? [])).joined(separator: ", ")
    return "\(Wording.signed(size.difference)) \(Wording.interval(size.interval)) at n = "
      + "\(size.images) (\(aside))"
  }

  private var changes: String {
    let start = "On \(place), \(row.candidate) in place of \(row.baseline) changes \(metric) by "
    guard significant.count > 3 else { return start + Wording.list(significant.map(figures)) }
    // A sentence holds the two ends; the table holds the rest.
    let ends = figures(significant[0]) + " to " + figures(significant[significant.count - 1])
    return start + ends
      + (notSignificant.isEmpty ? "" : ", with significant differences at \(sizes(significant))")
  }

  private var beyondThreshold: String {
    let rest = notSignificant
    let opening =
      rest.count == 1
      ? "at \(sizes(rest)) the difference is not significant"
      : "from \(sizes([rest[0]])) on the difference is not significant"
    return opening + " (" + short(rest[0]) + ")" + notEquality
  }

  private func short(_ size: SizeResult) -> String {
    guard let p = size.adjustedP else { return "nothing measured" }
    return "\(Wording.signed(size.difference)) \(Wording.interval(size.interval)), \(pName(p))"
  }

  private var noneSignificant: String {
    "On \(place), no size shows a significant difference in \(metric) between \(row.candidate) and "
      + "\(row.baseline): "
      + Wording.list(row.result.sizes.filter { $0.p != nil }.map(figures)) + notEquality
  }

  /// Ends a sentence about sizes without significance by what that does not mean.
  private var notEquality: String {
    notSignificant.allSatisfy { $0.equivalence?.passes ?? false }
      ? "." : ", which does not show that the two are equal."
  }

  /// What was shown besides: equality within the margin, and sizes that could show nothing.
  private var caveats: String {
    var text = direction
    let equal = row.result.sizes.filter { $0.equivalence?.passes ?? false }
    if !equal.isEmpty, let margin = row.result.equivalenceMargin {
      text +=
        " The difference is shown to lie within ±\(Wording.number(margin)) at \(sizes(equal))."
    }
    // Otherwise an interval without 0 beside "not significant" looks like a mistake.
    if notSignificant.contains(where: { !($0.interval?.contains(0) ?? true) }) {
      text += " Intervals are not corrected for testing several sizes."
    }
    let powerless = row.result.sizes.filter { !$0.canReject }
    if !powerless.isEmpty {
      text += " At \(sizes(powerless)) no outcome could have been significant."
    }
    return text
  }

  /// Whom a difference speaks for, where its sign says the opposite of what it says elsewhere.
  private var direction: String {
    guard Wording.isLowerBetter(row.metric) else { return "" }
    let wins = [(row.candidate, -1.0), (row.baseline, 1.0)].compactMap { name, sign in
      let won = significant.filter { ($0.difference ?? 0) * sign > 0 }
      return won.isEmpty ? nil : "\(name) wins at \(sizes(won))"
    }
    return wins.isEmpty ? " Lower is better." : " Lower is better: \(Wording.list(wins))."
  }

  private var noData: String {
    "On \(place), no replicate has a defined \(metric) for both \(row.candidate) and "
      + "\(row.baseline), so there is nothing to compare."
  }

  private var cannotReject: String {
    let result = row.result
    let counts = result.sizes.map(\.replicates.count)
    let few = counts.min() ?? 0
    let most = counts.max() ?? 0
    let replicates = few == most ? Wording.count(most, "replicate") : "\(few) to \(most) replicates"
    let smallest = result.sizes.map(\.smallestAdjustedP).min() ?? 1
    let corrected =
      Wording.correction(result.correction).map {
        " after \($0) over \(Wording.count(result.familySize, "test"))"
      } ?? ""
    let needed = DesignCheck.replicatesNeeded(
      familySize: result.familySize, correction: result.correction, alpha: result.alpha)
    return "This design cannot answer the question on \(place): with \(replicates) the smallest "
      + "possible p is \(Wording.number(smallest))\(corrected), which is not under "
      + "\(Wording.number(result.alpha)), whatever is measured for \(row.candidate) and "
      + "\(row.baseline)."
      + (needed.map { " At least \(Wording.count($0, "replicate")) would be needed." } ?? "")
  }
}
