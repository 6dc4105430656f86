internal import Core
internal import Evaluation
internal import Execution
internal import Planning

/// Tests one candidate against one baseline over all sizes.
struct CompareRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let replicates = 1...context.integer("replicates")
    let sizes = try context.parameter("sizes").list!.compactMap(\.text).map { label in
      let count = try JSON.decode(
        SubsetCount.self, from: context.read(input: "subset/n=\(label)"))
      return SizeInput(
        label: label, images: count.images,
        pairs: try replicates.map { replicate in
          ReplicatePair(
            replicate: replicate,
            candidate: try Self.values("candidate/n=\(label)/r=\(replicate)", context),
            baseline: try Self.values("baseline/n=\(label)/r=\(replicate)", context))
        })
    }
    let result = PairedComparison.evaluate(
      ComparisonInput(
        sizes: sizes, alpha: context.number("alpha"),
        correction: MultiplicityCorrection(rawValue: context.text("correction"))!,
        equivalenceMargin: context.parameter("equivalence_margin").number,
        seed: context.action.seed))
    try context.write(output: "comparison", JSON.encode(result))
  }

  private static func values(_ input: String, _ context: StepContext) throws -> [ImageValue] {
    try JSON.decode(MeasuredValues.self, from: context.read(input: input)).values.map {
      ImageValue(image: $0.image, patient: $0.patient, value: $0.value)
    }
  }
}

/// Corrects the comparisons of a study together, for `family: study`.
struct AdjustRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let names = context.action.inputs.keys.sorted()
    let results = try names.map { name in
      try JSON.decode(ComparisonResult.self, from: context.read(input: name))
    }
    let adjusted = PairedComparison.readjust(results)
    for (name, result) in zip(names, adjusted) {
      try context.write(output: name, JSON.encode(result))
    }
  }
}
