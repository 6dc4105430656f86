internal import Core
public import ManifestModel

/// The ids of a study's steps, from the words of its manifest: one place for writers and readers.
public enum StepNames {
  /// `gland/n=8/r=3/subset`
  public static func subset(
    _ experiment: Experiment, _ size: SubsetSize, _ replicate: Int
  ) -> StepID {
    StepID("\(experiment.name.value)/n=\(size)/r=\(replicate)/subset")
  }

  /// `gland/imagenet/n=8/r=3/train`
  public static func train(
    _ experiment: Experiment, _ initialization: String, _ size: SubsetSize, _ replicate: Int
  ) -> StepID {
    cell(experiment, initialization, size, replicate, "train")
  }

  /// `gland/imagenet/n=8/r=3/predict/crag`; the same for `measure` and `overlay`.
  public static func test(
    _ kind: StepKind, _ experiment: Experiment, _ initialization: String, _ size: SubsetSize,
    _ replicate: Int, on test: SplitReference
  ) -> StepID {
    cell(experiment, initialization, size, replicate, "\(kind.rawValue)/\(short(test))")
  }

  /// `gland/pathology-imagenet/dice/crag/compare`
  ///
  /// Where a name holds a hyphen itself the two are joined by a tilde, which no name may hold.
  public static func compare(_ comparison: Comparison, on test: SplitReference) -> StepID {
    let names = [comparison.candidate.value, comparison.baseline.value]
    let joint = names.contains { $0.contains("-") } ? "~" : "-"
    return StepID(
      "\(comparison.experiment.value)/\(names.joined(separator: joint))"
        + "/\(comparison.metric.value.rawValue)/\(short(test))/compare")
  }

  /// The step that corrects the comparisons of a study together.
  public static let adjust: StepID = "study/adjust"

  /// A pooled comparison among the inputs and outputs of `adjust`, by its place in the manifest: names
  /// must not enter an action.
  public static func pooled(_ position: Int) -> String { "comparison/\(position)" }

  /// `gland/leakage`
  public static func leakage(_ experiment: Experiment) -> StepID {
    StepID("\(experiment.name.value)/leakage")
  }

  /// `pathology/pretrain/leakage`
  public static func leakage(_ initialization: Initialization) -> StepID {
    StepID("\(initialization.name.value)/pretrain/leakage")
  }

  /// `glas/import`, or `tissue/synthesize` for generated images.
  public static func images(of dataset: Dataset) -> StepID {
    StepID("\(dataset.name.value)/\(dataset.synthesis == nil ? "import" : "synthesize")")
  }

  /// `pathology/resnet18/pretrain`; `nil` for a random start, which the training step draws itself.
  ///
  /// Networks of another width are other networks, so a width that is not 1 is part of the name.
  public static func encoder(of initialization: Initialization, for model: Model) -> StepID? {
    let width = model.width.value == 1 ? "" : "@\(shortestDecimal(model.width.value))"
    let base = "\(initialization.name.value)/\(model.encoder.value.rawValue)\(width)"
    return switch initialization.source {
    case .random: nil
    case .weights: StepID("\(base)/load")
    case .pretrain: StepID("\(base)/pretrain")
    }
  }

  private static func cell(
    _ experiment: Experiment, _ initialization: String, _ size: SubsetSize, _ replicate: Int,
    _ work: String
  ) -> StepID {
    StepID("\(experiment.name.value)/\(initialization)/n=\(size)/r=\(replicate)/\(work)")
  }

  /// A test set in ids: `crag` for `crag/test`, else dataset and split.
  private static func short(_ reference: SplitReference) -> String {
    reference.split == "test" ? reference.dataset : reference.description
  }
}
