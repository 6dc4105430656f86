public import Core

/// A labelled image of a pool, as far as drawing subsets cares.
public struct PoolSample: Hashable, Sendable {
  public var id: String
  public var patient: String
  /// Empty where there are no strata.
  public var stratum: String

  public init(id: String, patient: String, stratum: String = "") {
    self.id = id
    self.patient = patient
    self.stratum = stratum
  }
}

/// The order in which a pool's images enter the subsets of one replicate.
///
/// Patients are shuffled within strata, strata are interleaved in proportion to their patients, then
/// one image per patient is dealt in turn. A subset of n is the first n, so subsets nest. The order
/// depends on the seed, the split's digest and the replicate, never on a size or on the pool's order.
public struct SubsetDraw: Hashable, Sendable {
  /// The whole pool.
  public let order: [PoolSample]

  /// - Precondition: ids are unique.
  public init(pool: [PoolSample], splitDigest: Digest, replicate: Int, seed: UInt64) {
    precondition(Set(pool.map(\.id)).count == pool.count, "two images of a pool share an id")
    let words = stride(from: 0, to: 32, by: 8).map { start in
      splitDigest.bytes[start..<start + 8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    }
    var stream = RandomStream(
      seed: seed, purpose: "subset-order", coordinates: words + [UInt64(replicate)])
    let patients = Self.patients(of: pool).map { patient in
      Patient(stratum: patient.stratum, images: stream.shuffled(patient.images))
    }
    let strata = Dictionary(grouping: patients, by: \.stratum).sorted {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }
    let shuffled = strata.map { stream.shuffled($0.value) }
    order = Self.deal(Self.interleave(shuffled))
  }

  /// The subset of the first n images.
  ///
  /// - Precondition: `n` is at most the pool.
  public func subset(_ n: Int) -> [PoolSample] {
    precondition(0...order.count ~= n, "a subset cannot be larger than its pool")
    return Array(order[..<n])
  }

  private struct Patient: Hashable {
    var stratum: String
    var images: [PoolSample]
  }

  /// Patients by name, images by id; a patient with several strata counts to the most frequent.
  private static func patients(of pool: [PoolSample]) -> [Patient] {
    let groups = Dictionary(grouping: pool, by: \.patient).sorted {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }
    return groups.map { _, images in
      let counts = Dictionary(grouping: images, by: \.stratum).mapValues(\.count)
      let stratum = counts.min {
        $0.value != $1.value
          ? $0.value > $1.value : $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
      }
      return Patient(
        stratum: stratum?.key ?? "",
        images: images.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) })
    }
  }

  /// Takes from the list that is furthest behind its share; the first of equals.
  private static func interleave<Element>(_ lists: [[Element]]) -> [Element] {
    let total = lists.reduce(0) { $0 + $1.count }
    var taken = [Int](repeating: 0, count: lists.count)
    return (0..<total).map { position in
      // Deficit times total, so that all is whole numbers: (position + 1) * count - taken * total.
      let next = lists.indices.filter { taken[$0] < lists[$0].count }.max { a, b in
        (position + 1) * lists[a].count - taken[a] * total
          < (position + 1) * lists[b].count - taken[b] * total
      }!
      taken[next] += 1
      return lists[next][taken[next] - 1]
    }
  }

  /// One image of each patient in turn, until none is left.
  ///
  /// A patient whose images differ in stratum gives the one whose stratum is furthest behind its share
  /// of the pool, so that images are balanced and not only patients.
  private static func deal(_ patients: [Patient]) -> [PoolSample] {
    let pool = patients.flatMap(\.images)
    let shares = Dictionary(grouping: pool, by: \.stratum).mapValues(\.count)
    var left = patients.map(\.images)
    var taken: [String: Int] = [:]
    var order: [PoolSample] = []
    while order.count < pool.count {
      for i in left.indices where !left[i].isEmpty {
        let deficits = left[i].map {
          (order.count + 1) * shares[$0.stratum, default: 0]
            - taken[$0.stratum, default: 0] * pool.count
        }
        let best = deficits.indices.reduce(0) { deficits[$1] > deficits[$0] ? $1 : $0 }
        let sample = left[i].remove(at: best)
        taken[sample.stratum, default: 0] += 1
        order.append(sample)
      }
    }
    return order
  }
}
