private import Core

/// The paired comparison of two initializations over training-subset sizes.
public enum PairedComparison {
  /// Computes everything that a comparison reports; equal inputs give equal results.
  ///
  /// The family is all sizes of the input. The replicate is the unit: its difference is the mean over
  /// the images that are defined in both arms, and the test runs over replicates. Images are never
  /// pooled over replicates as if they were independent.
  ///
  /// - Precondition: 0 < alpha < 1/2, and an arm names no image twice.
  public static func evaluate(_ input: ComparisonInput) -> ComparisonResult {
    let sizes = input.sizes
      .sorted { ($0.images, $0.label) < ($1.images, $1.label) }
      .map { SizeResult($0, of: input) }
    let result = ComparisonResult(
      alpha: input.alpha, correction: input.correction,
      equivalenceMargin: input.equivalenceMargin, familySize: sizes.count, sizes: sizes,
      answer: SizeAnswer(sizes, alpha: input.alpha))
    return readjust([result])[0]
  }

  /// Corrects the p-values of several comparisons as one family, each by its own correction.
  public static func readjust(_ results: [ComparisonResult]) -> [ComparisonResult] {
    let p = results.flatMap { $0.sizes.map { $0.p ?? 1 } }
    let smallest = results.flatMap { $0.sizes.map(\.smallestP) }
    var first = 0
    return results.map { result in
      var result = result
      // Adjusted values fall with every p of the family, so the best case is all at their smallest.
      let adjusted = result.correction.adjust(p)
      let smallestAdjusted = result.correction.adjust(smallest)
      result.familySize = p.count
      for i in result.sizes.indices {
        let hasP = result.sizes[i].p != nil
        result.sizes[i].adjustedP = hasP ? adjusted[first + i] : nil
        result.sizes[i].smallestAdjustedP = smallestAdjusted[first + i]
        result.sizes[i].canReject = smallestAdjusted[first + i] < result.alpha
      }
      first += result.sizes.count
      result.answer = SizeAnswer(result.sizes, alpha: result.alpha)
      return result
    }
  }
}

extension SizeResult {
  /// Everything about one size but what depends on its family.
  fileprivate init(_ size: SizeInput, of input: ComparisonInput) {
    label = size.label
    images = size.images
    let paired = size.pairs.sorted { $0.replicate < $1.replicate }.map(PairedImages.init)
    let kept = paired.filter { !$0.images.isEmpty }
    replicates = kept.map(\.means)
    imagePairs = kept.reduce(0) { $0 + $1.images.count }
    droppedImagePairs = paired.reduce(0) { $0 + $1.dropped }
    droppedReplicates = paired.count - kept.count
    smallestP = SignFlipTest.smallestP(pairs: kept.count)
    smallestAdjustedP = smallestP
    canReject = false
    isExact = kept.count <= SignFlipTest.exactLimit
    guard !kept.isEmpty else { return }

    let differences = replicates.map(\.difference)
    // Sizes are told apart by what they mean, so that renaming or adding one moves no draw.
    let coordinate = UInt64(size.images)
    let test = SignFlipTest(
      differences, stream: RandomStream(seed: input.seed, purpose: "sign-flip-test", coordinate))
    candidateMean = Moments(replicates.map(\.candidate)).mean
    baselineMean = Moments(replicates.map(\.baseline)).mean
    difference = Moments(differences).mean
    interval = test.interval(alpha: input.alpha)
    p = test.p()
    tTest = PairedTTest(differences, alpha: input.alpha)
    wilcoxon = WilcoxonSignedRank(differences)
    effects = EffectSizes(differences)
    bootstrap = HierarchicalBootstrap.interval(
      PairedImages.numbered(kept), alpha: input.alpha,
      stream: RandomStream(seed: input.seed, purpose: "hierarchical-bootstrap", coordinate))
    equivalence = input.equivalenceMargin.map {
      Equivalence(test, margin: $0, alpha: input.alpha)
    }
  }
}

/// The images of one replicate that are defined in both arms.
private struct PairedImages {
  var replicate: Int
  /// Ascending by name.
  var images: [(image: String, patient: String, candidate: Double, baseline: Double)] = []
  var dropped = 0

  init(_ pair: ReplicatePair) {
    replicate = pair.replicate
    let candidate = Dictionary(
      pair.candidate.map { ($0.image, $0) }, uniquingKeysWith: { _, _ in Self.repeated() })
    let baseline = Dictionary(
      pair.baseline.map { ($0.image, $0) }, uniquingKeysWith: { _, _ in Self.repeated() })
    for image in Set(candidate.keys).union(baseline.keys).sorted() {
      if let a = candidate[image], let x = a.value, let y = baseline[image]?.value {
        images.append((image, a.patient, x, y))
      } else {
        dropped += 1
      }
    }
  }

  private static func repeated() -> Never {
    preconditionFailure("an image is measured twice in one arm of one replicate")
  }

  var means: ReplicateDifference {
    let candidate = Moments(images.map(\.candidate)).mean
    let baseline = Moments(images.map(\.baseline)).mean
    return ReplicateDifference(
      replicate: replicate, candidate: candidate, baseline: baseline,
      difference: Moments(images.map { $0.candidate - $0.baseline }).mean, images: images.count)
  }

  /// The differences with patients and images numbered in the order of their names.
  static func numbered(_ replicates: [PairedImages]) -> [[HierarchicalBootstrap.Difference]] {
    func numbers(_ names: Set<String>) -> [String: Int] {
      Dictionary(uniqueKeysWithValues: names.sorted().enumerated().map { ($1, $0) })
    }
    let patients = numbers(Set(replicates.flatMap { $0.images.map(\.patient) }))
    let images = numbers(Set(replicates.flatMap { $0.images.map(\.image) }))
    return replicates.map {
      $0.images.map {
        HierarchicalBootstrap.Difference(
          patient: patients[$0.patient]!, image: images[$0.image]!,
          value: $0.candidate - $0.baseline)
      }
    }
  }
}
