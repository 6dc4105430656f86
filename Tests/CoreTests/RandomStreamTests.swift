import Core
import Testing

@Suite("Random streams")
struct RandomStreamTests {
  /// Computed by an independent implementation (Python integers) of the documented construction.
  @Test(
    "the draws are these on every machine and release",
    arguments: [
      (2023, "subset", [3], [0x172c_4a06_91d2_455d, 0x74a8_d34f_e1de_8e63, 0x094a_6fba_3c54_b764]),
      (0, "", [], [0x0d72_93fe_83b1_a2bc, 0x764e_de80_904b_ee69]),
      (.max, "data-order", [0, 1, .max], [0x26c3_5208_8f41_d2e2, 0xb0fa_902d_b1ba_3558]),
    ] as [(UInt64, String, [UInt64], [UInt64])])
  func golden(seed: UInt64, purpose: String, coordinates: [UInt64], draws: [UInt64]) {
    var stream = RandomStream(seed: seed, purpose: purpose, coordinates: coordinates)
    #expect(draws.map { _ in stream.next() } == draws)
  }

  @Test("numbers, indices and orders follow from the draws")
  func derived() {
    var numbers = RandomStream(seed: 2023, purpose: "subset", 3)
    #expect(
      (0..<3).map { _ in numbers.uniform() } == [
        0.09051954899207093, 0.45570107174159535, 0.03629205986756534,
      ])
    var indices = RandomStream(seed: 2023, purpose: "subset", 3)
    #expect((0..<12).map { _ in indices.index(below: 10) } == [0, 4, 0, 2, 2, 6, 2, 3, 9, 2, 8, 0])
    var order = RandomStream(seed: 2023, purpose: "subset", 3)
    #expect(order.shuffled(Array(0..<12)) == [7, 6, 9, 3, 10, 11, 4, 8, 2, 0, 5, 1])
  }

  @Test("a draw depends on its key alone, not on what was drawn before elsewhere")
  func independence() {
    func draw(_ replicate: UInt64, _ step: UInt64) -> UInt64 {
      var stream = RandomStream(seed: 5, purpose: "augmentation", replicate, step)
      return stream.next()
    }
    let forward = (0..<40).map { draw(UInt64($0) / 8, UInt64($0) % 8) }
    let backward = (0..<40).reversed().map { draw(UInt64($0) / 8, UInt64($0) % 8) }
    #expect(forward == backward.reversed())
  }

  @Test("every part of the key changes every draw")
  func keys() {
    let keys: [(UInt64, String, [UInt64])] = [
      (1, "a", []), (2, "a", []), (1, "b", []), (1, "a", [0]), (1, "a", [1]), (1, "a", [0, 0]),
      (1, "a", [0, 1]), (1, "a", [1, 0]), (1, "ab", []), (1, "", []), (1, "a", [.max]),
      (0, "a", [1]), (.max, "a", []), (1, "a", [0, 0, 0]),
    ]
    var draws: Set<UInt64> = []
    for key in keys {
      var stream = RandomStream(seed: key.0, purpose: key.1, coordinates: key.2)
      for _ in 0..<100 { draws.insert(stream.next()) }
    }
    #expect(draws.count == keys.count * 100)
    // A flipped bit of a coordinate flips about half of a draw's bits.
    var flipped = 0
    for bit in 0..<64 as Range<UInt64> {
      var a = RandomStream(seed: 9, purpose: "x", 0)
      var b = RandomStream(seed: 9, purpose: "x", 1 << bit)
      flipped += (a.next() ^ b.next()).nonzeroBitCount
    }
    #expect(abs(flipped - 2048) < 5 * 32)
  }

  @Test("the variadic and the listed coordinates name the same stream")
  func coordinates() {
    #expect(
      RandomStream(seed: 1, purpose: "a", 2, 3)
        == RandomStream(seed: 1, purpose: "a", coordinates: [2, 3]))
  }

  /// Standard errors of the moments and of cell counts; five of them are never reached by chance.
  @Test("uniform numbers are uniform")
  func uniformity() {
    var stream = RandomStream(seed: 3, purpose: "uniform")
    let count = 100_000
    var cells = [Int](repeating: 0, count: 20)
    var sum = 0.0
    for _ in 0..<count {
      let value = stream.uniform()
      #expect(value >= 0 && value < 1)
      cells[Int(value * 20)] += 1
      sum += value
    }
    #expect(abs(sum / Double(count) - 0.5) < 5 * 0.28868 / Double(count).squareRoot())
    let expected = Double(count) / 20
    let chiSquare =
      cells.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) } / expected
    #expect(chiSquare < 50.8)  // 19 degrees of freedom, p = 0.0001
  }

  @Test("numbers stay within their bounds", arguments: [(-1, 1), (5, 6), (0, 1e-300), (-3, -2)])
  func bounds(low: Double, high: Double) {
    var stream = RandomStream(seed: 3, purpose: "bounds")
    for _ in 0..<10_000 {
      let value = stream.uniform(low, high)
      #expect(value >= low && value < high)
    }
  }

  /// Without rejection, of three neighbours one would have 2/8 of the draws and two 3/8 each.
  @Test("indices have no bias where the bound does not divide the draws")
  func bias() {
    var stream = RandomStream(seed: 4, purpose: "bias")
    var counts = [0, 0, 0]
    for _ in 0..<30_000 {
      let index = stream.index(below: 3 << 61)
      #expect(index >= 0 && index < 3 << 61)
      counts[index % 3] += 1
    }
    for count in counts { #expect(abs(count - 10_000) < 5 * 82) }
  }

  @Test("small indices are all reached, and a bound of 1 leaves no choice")
  func small() {
    var stream = RandomStream(seed: 4, purpose: "small")
    #expect(Set((0..<200).map { _ in stream.index(below: 7) }) == Set(0..<7))
    #expect((0..<20).allSatisfy { _ in stream.index(below: 1) == 0 })
    #expect((0..<100).allSatisfy { _ in stream.index(below: .max) >= 0 })
  }

  @Test("an order keeps every element, and each lands everywhere")
  func shuffling() {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: 4), count: 4)
    for round in 0..<12_000 as Range<UInt64> {
      var stream = RandomStream(seed: 6, purpose: "order", round)
      let order = stream.shuffled([0, 1, 2, 3])
      #expect(order.sorted() == [0, 1, 2, 3])
      for (place, element) in order.enumerated() { counts[element][place] += 1 }
    }
    for count in counts.joined() { #expect(abs(count - 3000) < 5 * 48) }
    var stream = RandomStream(seed: 6, purpose: "order")
    #expect(stream.shuffled([Int]()) == [])
    #expect(stream.shuffled([9]) == [9])
  }

  @Test("normal numbers have the moments and the tails of the normal distribution")
  func normal() {
    var stream = RandomStream(seed: 8, purpose: "normal")
    let count = 100_000
    let values = (0..<count).map { _ in stream.normal() }
    let root = Double(count).squareRoot()
    let moments = [1, 2, 3, 4].map { power in
      values.reduce(0.0) { sum, value in
        sum + (0..<power).reduce(1.0) { product, _ in product * value }
      } / Double(count)
    }
    #expect(abs(moments[0]) < 5 / root)
    #expect(abs(moments[1] - 1) < 5 * 1.4142 / root)
    #expect(abs(moments[2]) < 5 * 3.873 / root)
    #expect(abs(moments[3] - 3) < 5 * 9.798 / root)
    let beyond = Double(values.count { abs($0) > 1.959964 }) / Double(count)
    #expect(abs(beyond - 0.05) < 5 * 0.218 / root)
  }

  @Test("a chance of p comes true in p of all draws", arguments: [0, 0.1, 0.5, 1])
  func chance(p: Double) {
    var stream = RandomStream(seed: 8, purpose: "chance")
    let hits = (0..<10_000).count { _ in stream.chance(p) }
    #expect(abs(Double(hits) - 10_000 * p) <= 5 * (10_000 * p * (1 - p)).squareRoot())
  }
}
