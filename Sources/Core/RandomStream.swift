/// A counter-based stream of random numbers, keyed by (seed, purpose, coordinates).
///
/// A draw depends on its key and its index alone, never on what was drawn elsewhere: the order of
/// execution, the number of threads, and adding a size or a replicate leave every other draw as it
/// was. The generator is the SplitMix64 finaliser over key + index * golden ratio (Steele, Lea and
/// Flood, OOPSLA 2014).
public struct RandomStream: RandomNumberGenerator, Hashable, Sendable {
  // Draws are inlined where millions are taken: networks' first values.
  @usableFromInline let key: UInt64
  @usableFromInline var index: UInt64 = 0

  @inlinable static var goldenRatio: UInt64 { 0x9E37_79B9_7F4A_7C15 }

  /// - Parameters:
  ///   - seed: The study's seed.
  ///   - purpose: What is drawn, such as `decoder-weights`; one word for one use.
  ///   - coordinates: Where it is drawn: replicate, optimiser step, slot in the batch.
  public init(seed: UInt64, purpose: String, _ coordinates: UInt64...) {
    self.init(seed: seed, purpose: purpose, coordinates: coordinates)
  }

  public init(seed: UInt64, purpose: String, coordinates: [UInt64]) {
    // FNV-1a over the purpose; each coordinate is mixed at its own position.
    var key = purpose.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    key = Self.finalise(key ^ Self.finalise(seed &+ Self.goldenRatio))
    for (position, coordinate) in coordinates.enumerated() {
      let salted = coordinate &+ Self.goldenRatio &* UInt64(position + 2)
      key = Self.finalise(key ^ Self.finalise(salted)) &+ Self.goldenRatio
    }
    self.key = key
  }

  @inlinable
  public mutating func next() -> UInt64 {
    index &+= 1
    return Self.finalise(key &+ index &* Self.goldenRatio)
  }

  /// The stream after so many words more.
  public func skipping(_ words: Int) -> RandomStream {
    var stream = self
    stream.index &+= UInt64(words)
    return stream
  }

  /// Uniform in [0, 1), 53 bits: one word.
  @inlinable
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in [low, high).
  @inlinable
  public mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * uniform()
  }

  /// Uniform in `0 ..< bound`, without bias (Lemire, TOMACS 2019).
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0, "there is nothing to draw from")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// True with probability p.
  public mutating func chance(_ p: Double) -> Bool { uniform() < p }

  /// A standard normal draw (Box and Muller 1958); two uniforms each.
  public mutating func normal() -> Double {
    let u = 1 - uniform()
    let (cosine, _) = PortableMath.cosineAndSine(turns: uniform())
    return (-2 * PortableMath.log(u)).squareRoot() * cosine
  }

  /// The elements in random order (Fisher and Yates); the same on every release of Swift.
  public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var elements = elements
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, index(below: last + 1))
    }
    return elements
  }

  @inlinable
  static func finalise(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
