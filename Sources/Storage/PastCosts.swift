public import Core

/// What actions cost so far: by kind, and among those that are alike.
public struct PastCosts: Hashable, Sendable {
  /// The cost of several actions.
  public struct Cost: Hashable, Sendable {
    public var count: Int
    /// The mean over the actions.
    public var coreSeconds: Double
    /// The largest of the actions.
    public var peakBytes: Int64
  }

  public private(set) var kinds: [String: Cost] = [:]
  public private(set) var alike: [Digest: Cost] = [:]

  public init() {}

  public mutating func add(_ record: ActionRecord, likeness: Digest?) {
    add(
      Cost(
        count: 1, coreSeconds: record.seconds * Double(record.threads),
        peakBytes: record.peakBytes),
      kind: record.kind, likeness: likeness)
  }

  mutating func add(_ cost: Cost, kind: String, likeness: Digest?) {
    kinds[kind] = kinds[kind].map { $0 + cost } ?? cost
    if let likeness { alike[likeness] = alike[likeness].map { $0 + cost } ?? cost }
  }
}

extension PastCosts.Cost {
  fileprivate static func + (a: Self, b: Self) -> Self {
    let count = a.count + b.count
    let sum = a.coreSeconds * Double(a.count) + b.coreSeconds * Double(b.count)
    return Self(
      count: count, coreSeconds: sum / Double(count), peakBytes: max(a.peakBytes, b.peakBytes))
  }
}

/// Which actions are alike: those of one kind, version and parameters, whatever they read and draw.
///
/// The cells of an experiment train alike, so one of them tells what the others will need.
public enum Likeness {
  /// - Parameter parameters: The values by name; which replicate it is makes no difference.
  public static func digest(
    kind: CanonicalValue, version: CanonicalValue, parameters: [String: CanonicalValue]
  ) -> Digest {
    ([kind, version, .map(parameters.filter { $0.key != "replicate" })] as CanonicalValue).identity
  }

  /// The likeness of an action in its canonical encoding; `nil` for bytes that are none.
  static func digest(ofAction bytes: [UInt8]) -> Digest? {
    guard let parts = try? CanonicalValue(decoding: bytes).list, parts.count == 6,
      let parameters = parts[3].map
    else { return nil }
    return digest(kind: parts[1], version: parts[2], parameters: parameters)
  }
}
