/// Overlap of instances summed before it is divided: Dice2, AJI and AJI+.
///
/// By the published HoVer-Net code (`metrics/stats_utils.py`), which raises an error where one side
/// is empty. Here: both empty is undefined; one empty, or no pair in touch, is 0.
public enum AggregatedJaccard {
  /// Dice2: twice the shared pixels of all overlapping pairs over the pixels of their objects.
  ///
  /// An object counts once for each object it touches (Vu et al. 2019).
  public static func dice2(_ table: OverlapTable) -> MetricValue {
    if let emptiness = table.emptiness { return emptiness }
    let shared = table.pairs.reduce(0) { $0 + $1.shared }
    let all = table.pairs.reduce(0) { $0 + table.union($1) + $1.shared }
    return .defined(all == 0 ? 0 : 2 * Double(shared) / Double(all))
  }

  /// AJI: every true object takes the prediction of highest IoU, which several may take.
  ///
  /// Objects that nothing took, of either side, are added to the unions (Kumar et al., TMI 2017).
  public static func aji(_ table: OverlapTable) -> MetricValue {
    var chosen: [OverlapTable.Pair] = []
    var best = -1.0
    for pair in table.pairs {
      let iou = softenedIoU(pair, table)  // of equals the first is taken
      if chosen.last?.truth != pair.truth {
        chosen.append(pair)
        best = iou
      } else if iou > best {
        chosen[chosen.count - 1] = pair
        best = iou
      }
    }
    return ratio(of: chosen, table)
  }

  /// AJI+: as AJI, but one prediction for each true object, such that the sum of IoU is highest.
  public static func ajiPlus(_ table: OverlapTable) -> MetricValue {
    let chosen = SparseMatching.heaviest(
      rows: table.truth.count, columns: table.prediction.count,
      edges: table.pairs.map {
        .init(row: $0.truth, column: $0.prediction, weight: softenedIoU($0, table))
      })
    return ratio(of: chosen.map { table.pairs[$0] }, table)
  }

  /// IoU as the published code compares it, with 1e-6 added to the union.
  private static func softenedIoU(_ pair: OverlapTable.Pair, _ table: OverlapTable) -> Double {
    Double(pair.shared) / (Double(table.union(pair)) + 1e-6)
  }

  private static func ratio(
    of chosen: [OverlapTable.Pair], _ table: OverlapTable
  ) -> MetricValue {
    if let emptiness = table.emptiness { return emptiness }
    var isTaken = [Bool](repeating: false, count: table.prediction.count)
    var (shared, all) = (0, table.truth.pixels)
    for pair in chosen {
      shared += pair.shared
      all += table.union(pair) - table.truth.areas[pair.truth]
      isTaken[pair.prediction] = true
    }
    for (area, isTaken) in zip(table.prediction.areas, isTaken) where !isTaken { all += area }
    return .defined(Double(shared) / Double(all))
  }
}
