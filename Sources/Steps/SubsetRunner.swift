internal import Core
internal import Datasets
internal import Execution
internal import ManifestModel
internal import Planning

/// Draws the images that train a cell: the first n of the replicate's order of the pool.
struct SubsetRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let pool = try context.split(input: "split").samples
    guard let size = SubsetSize(text: context.text("size")) else {
      preconditionFailure("a plan writes sizes that can be read")
    }
    let count = size.images(ofPool: pool.count)
    guard count <= pool.count else {
      throw StepFailure(
        "subset.too-large", "\(count) images cannot be drawn from a pool of \(pool.count)",
        hint: "use at most \(pool.count), or `all`")
    }
    let drawn = SubsetDraw(
      pool: pool.map { PoolSample(id: $0.id, patient: $0.patient, stratum: $0.stratum ?? "") },
      splitDigest: context.action.inputs["split"]!, replicate: context.integer("replicate"),
      seed: context.action.seed
    ).subset(count)
    var subset = Subset(training: drawn.map(\.id), holdout: [])
    if let share = context.parameter("selection.holdout").number {
      let division = try holdOut(of: drawn, share: share)
      if division.sharesPatient {
        context.warn(
          "the subset of \(count) has one patient: its hold-out is split by image, not by patient")
      }
      subset = Subset(
        training: division.training.map(\.id), holdout: division.heldOut.map(\.id))
    }
    try context.write(output: "subset", JSON.encode(subset))
    try context.write(
      output: "size", JSON.encode(SubsetCount(images: count, pool: pool.count)))
  }

  private func holdOut(of drawn: [PoolSample], share: Double) throws -> HoldOut {
    do throws(HoldOut.Problem) {
      return try SubsetDraw.holdOut(of: drawn, share: share)
    } catch {
      throw StepFailure(
        "subset.no-training-image",
        "a hold-out of \(shortestDecimal(share * 100)) % of \(drawn.count) images leaves none to "
          + "train on",
        hint: "use a larger size, a smaller hold-out, or `selection: last`")
    }
  }
}

extension SubsetSize {
  /// Reads what `description` writes.
  init?(text: String) {
    if text == "all" {
      self = .all
    } else if text.hasSuffix("%"), let share = Double(text.dropLast()) {
      self = .percent(share)
    } else if let count = Int(text) {
      self = .count(count)
    } else {
      return nil
    }
  }
}
