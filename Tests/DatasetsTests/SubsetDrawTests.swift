import Core
import Datasets
import Testing

/// A pool like GlaS: patients of uneven size, two grades, some patients with both.
private let pool: [PoolSample] = {
  let counts = [("1", 2, 5), ("2", 0, 8), ("3", 3, 5), ("4", 6, 0), ("5", 5, 0), ("6", 0, 2)]
  return counts.flatMap { patient, benign, malignant in
    (0..<benign + malignant).map { k in
      PoolSample(
        id: "\(patient)-\(k)", patient: patient, stratum: k < benign ? "benign" : "malignant")
    }
  }
}()

private let digest = SHA256.digest(of: Array("split".utf8))

private func draw(_ replicate: Int, _ pool: [PoolSample] = pool, seed: UInt64 = 1) -> SubsetDraw {
  SubsetDraw(pool: pool, splitDigest: digest, replicate: replicate, seed: seed)
}

@Suite("Drawing subsets")
struct SubsetDrawTests {
  @Test("an order is a permutation of the pool, and subsets nest", arguments: 0..<20)
  func nesting(replicate: Int) {
    let draw = draw(replicate)
    #expect(draw.order.count == pool.count && Set(draw.order) == Set(pool))
    for n in 1...pool.count {
      #expect(draw.subset(n) == Array(draw.subset(n - 1)) + [draw.order[n - 1]])
    }
  }

  @Test("the order depends on seed, split and replicate, not on how the pool is listed")
  func dependence() {
    let order = draw(0).order
    #expect(draw(0, pool.reversed()).order == order)
    #expect(draw(1).order != order)
    #expect(draw(0, seed: 2).order != order)
    let other = SubsetDraw(
      pool: pool, splitDigest: SHA256.digest(of: [1]), replicate: 0, seed: 1)
    #expect(other.order != order)
  }

  @Test("images are dealt one a patient in turn", arguments: 0..<20)
  func dealing(replicate: Int) {
    let draw = draw(replicate)
    #expect(Set(draw.subset(6).map(\.patient)).count == 6)
    // In any prefix, patients that still have images differ by at most one.
    let sizes = Dictionary(grouping: pool, by: \.patient).mapValues(\.count)
    for n in 1...pool.count {
      let dealt = Dictionary(grouping: draw.subset(n), by: \.patient).mapValues(\.count)
      let open = sizes.filter { dealt[$0.key, default: 0] < $0.value }.map {
        dealt[$0.key, default: 0]
      }
      let most = dealt.values.max() ?? 0
      #expect(open.allSatisfy { $0 >= most - 1 })
    }
  }

  @Test("patients of one stratum each are balanced in every prefix", arguments: 0..<20)
  func balance(replicate: Int) {
    // 12 patients of 2 images: 3 in a, 9 in b.
    let pool = (0..<24).map {
      PoolSample(id: "\($0)", patient: "\($0 / 2)", stratum: $0 / 2 < 3 ? "a" : "b")
    }
    let draw = draw(replicate, pool)
    for n in 1...24 {
      let share = Double(draw.subset(n).count { $0.stratum == "a" })
      #expect(abs(share - Double(n) / 4) < 1.01, "\(n) images")
    }
    #expect(Set(draw.subset(4).map(\.stratum)) == ["a", "b"])
  }

  @Test("patients with both strata keep the images balanced", arguments: 0..<20)
  func mixedPatients(replicate: Int) {
    let share = Double(pool.count { $0.stratum == "benign" }) / Double(pool.count)
    let draw = draw(replicate)
    for n in 1...12 {
      let benign = Double(draw.subset(n).count { $0.stratum == "benign" })
      #expect(abs(benign - share * Double(n)) <= 2, "\(n) images")
    }
  }

  @Test("over replicates every patient comes first about equally often")
  func uniformity() {
    let pool = (0..<5).map { PoolSample(id: "\($0)", patient: "\($0)") }
    let firsts = (0..<1000).map { draw($0, pool).order[0].id }
    for id in pool.map(\.id) { #expect(150...250 ~= firsts.count { $0 == id }) }
  }

  /// A changed order means that every study draws other subsets: raise the kind's version.
  @Test("the order does not change between releases")
  func order() {
    #expect(
      draw(3).subset(8).map(\.id)
        == ["3-3", "5-3", "2-5", "6-1", "4-3", "1-1", "3-4", "5-2"])
  }
}

@Suite("Holding out")
struct HoldOutTests {
  @Test("whole patients are taken from the end until there are enough", arguments: 2...29)
  func wholePatients(n: Int) throws {
    for replicate in 0..<5 {
      let subset = draw(replicate).subset(n)
      let result = try SubsetDraw.holdOut(of: subset, share: 0.2)
      #expect(result.training + result.heldOut != [] && !result.sharesPatient)
      #expect(Set(result.training).union(result.heldOut) == Set(subset))
      #expect(result.training.count + result.heldOut.count == n)
      #expect(
        Set(result.training.map(\.patient)).isDisjoint(with: result.heldOut.map(\.patient)))
      #expect(result.heldOut.count >= max(1, Int((0.2 * Double(n) + 0.5).rounded(.down))))
      #expect(result.heldOut.last == subset.last)
    }
  }

  @Test("no more patients are taken than are needed")
  func noMoreThanNeeded() throws {
    let subset = ["a", "b", "c", "b", "d"].enumerated().map {
      PoolSample(id: "\($0.offset)", patient: $0.element)
    }
    func heldOut(_ share: Double) throws -> [String] {
      try SubsetDraw.holdOut(of: subset, share: share).heldOut.map(\.id)
    }
    #expect(try heldOut(0.2) == ["4"])
    // Half of five, rounded half up, is three: d, then b with both images.
    #expect(try heldOut(0.5) == ["1", "3", "4"])
    #expect(try heldOut(0) == ["4"])
  }

  @Test("a single patient is split by image, and the result says so")
  func singlePatient() throws {
    let subset = (0..<5).map { PoolSample(id: "\($0)", patient: "p") }
    let result = try SubsetDraw.holdOut(of: subset, share: 0.4)
    #expect(result.sharesPatient)
    #expect(
      result.training.map(\.id) == ["0", "1", "2"] && result.heldOut.map(\.id) == ["3", "4"])
  }

  @Test("a subset that would leave nothing to train on is an error")
  func nothingLeft() {
    let one = [PoolSample(id: "0", patient: "p")]
    #expect(throws: HoldOut.Problem.noTrainingImage(images: 1)) {
      try SubsetDraw.holdOut(of: one, share: 0.2)
    }
    let two = (0..<3).map { PoolSample(id: "\($0)", patient: "\(min($0, 1))") }
    #expect(throws: HoldOut.Problem.noTrainingImage(images: 3)) {
      try SubsetDraw.holdOut(of: two, share: 1)
    }
  }
}
