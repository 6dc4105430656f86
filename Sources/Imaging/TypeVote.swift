/// The type of a nucleus, by the majority of its pixels.
public struct TypeVote: Hashable, Sendable {
  /// 0 if no pixel has a type.
  public var type: Int
  /// The share of the nucleus's pixels that have it, in 0...1.
  public var share: Double

  /// The votes of all nuclei of a map, by label.
  ///
  /// Background has a vote only where nothing else does; of equal counts the lowest type wins
  /// (`process` of the published HoVer-Net code).
  ///
  /// - Parameter types: `[height, width]`: the type of each pixel, 0 for background.
  public static func votes(
    of nuclei: LabelMap, types: [UInt8]
  ) -> [(label: UInt16, vote: TypeVote)] {
    precondition(types.count == nuclei.labels.count, "types and nuclei differ in size")
    let labels = nuclei.distinctLabels
    var index = [Int](repeating: -1, count: 1 << 16)
    for (i, label) in labels.enumerated() { index[Int(label)] = i }
    let kinds = Int(types.max() ?? 0) + 1
    var counts = [Int](repeating: 0, count: labels.count * kinds)
    for (label, type) in zip(nuclei.labels, types) where label != 0 {
      counts[index[Int(label)] * kinds + Int(type)] += 1
    }
    return labels.enumerated().map { i, label in
      let own = counts[i * kinds..<(i + 1) * kinds]
      var best = 0
      for type in 1..<kinds where own[i * kinds + type] > (best == 0 ? 0 : own[i * kinds + best]) {
        best = type
      }
      let share = Double(own[i * kinds + best]) / Double(own.reduce(0, +))
      return (label, TypeVote(type: best, share: share))
    }
  }
}
