internal import Core

/// A run of damaged files for one parser: which ones, from what.
struct Attempts {
  var parser: Parser
  var mutator: Mutator
  var seed: UInt64

  /// The damaged file of a number; the first ones are the seeds as they are.
  func file(_ number: Int) -> [UInt8] {
    if number < mutator.seeds.count { return mutator.seeds[number] }
    var stream = RandomStream(seed: seed, purpose: parser.rawValue, UInt64(number))
    var bytes = mutator.file(&stream)
    // Most damage is let through to where it hurts; the rest shows that checksums hold.
    if stream.chance(0.8) { parser.mend(&bytes) }
    return bytes
  }
}

/// How far a process came, as it tells the one that watches it.
struct Progress: Hashable {
  /// The number of the file at work.
  var number = 0
  /// How many files were accepted so far.
  var accepted = 0

  /// Bytes of its encoding.
  static let size = 16

  init(number: Int = 0, accepted: Int = 0) {
    self.number = number
    self.accepted = accepted
  }

  /// Two words, lowest byte first; anything shorter is no progress at all.
  init?(decoding bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    let words = [0, 8].map { start in
      (0..<8).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
    }
    self.init(number: words[0], accepted: words[1])
  }

  var encoded: [UInt8] {
    [number, accepted].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
  }
}
