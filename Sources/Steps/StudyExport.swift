public import Core
internal import Datasets
public import Execution
internal import Imaging
public import ManifestModel
public import Planning
public import Storage

/// What a predicting step of a study found, image by image, on the pixels of the image files.
public struct StudyExport {
  /// How its objects are called.
  public let style: ObjectStyle
  private let samples: [SplitIndex.Sample]
  private let predictions: Predictions
  private let rule: ObjectRule
  /// By id; only of datasets that the study resamples.
  private let originals: [String: OriginalImage]?

  /// - Parameters:
  ///   - step: A predicting step that is done.
  ///   - externals: What was found of the study's data; the image files of a dataset that the study
  ///     resamples are read for their sizes.
  /// - Throws: `StepFailure`, and what files and store throw.
  public init(
    of step: Step, in study: Study, plan: Plan, resolution: Resolution, externals: Externals,
    store: Store, files: any FileSystem
  ) throws {
    guard step.kind == .predict, let record = resolution.record(of: step.id),
      let output = record[output: "predictions"],
      let experiment = study.experiment(named: step.group)
    else { preconditionFailure("\(step.id) is no prediction that is done") }
    guard !(record.freed ?? []).contains(output.digest) else {
      throw StepFailure(
        "export.freed", "garbage collection has freed the predictions of \(step.id)",
        hint: "name `predictions` under `keep:`, and run the study in a new store with `--store`")
    }
    predictions = try Predictions(store.read(output.digest), read: store.read)
    let source = StudySource(plan: plan, resolution: resolution, store: store)
    let images = step.source(of: "images")
    let split = try source.split(images)
    samples = split.samples
    let measure = plan.steps.first {
      $0.kind == .measure && $0.source(of: "predictions")?.step == step.id
    }
    rule = ObjectRule(measure?.values ?? [:])
    // Types are those of the split that was trained on, whatever the test set calls its own.
    let training = plan[step.source(of: "weights")!.step]!
    style = ObjectStyle(
      of: experiment.task.value, types: try source.split(training.source(of: "split")).classes ?? []
    )
    originals = try source.originals(
      of: Set(samples.map(\.id)), made: plan[images!.step]!, externals, files)
  }

  /// The objects of each image, in the order of ids.
  public func forEachImage(_ body: (PredictedObjects) throws -> Void) throws {
    for sample in samples {
      guard let objects = try predictions.map(of: sample).objects(rule) else {
        throw StepFailure.tooManyObjects(in: sample.id)
      }
      let original =
        originals == nil
        ? OriginalImage(width: sample.width, height: sample.height, pixelSize: sample.pixelSize)
        : originals?[sample.id]
      guard let original else {
        throw StepFailure(
          "export.no-original",
          "the size of the file of image \(sample.id), which the study resamples, is not known: "
            + "the file cannot be read",
          hint: "restore the dataset's files, or run the study again")
      }
      try body(
        PredictedObjects(
          image: sample.id, map: objects,
          types: predictions.hasTypes(of: sample) ? predictions.types(of: sample) : [],
          original: original))
    }
  }
}

/// Where a study's steps left what an export reads.
private struct StudySource {
  let plan: Plan
  let resolution: Resolution
  let store: Store

  /// The images of a split with everything known of them, for an input that names them.
  func split(_ origin: (step: StepID, output: String)?) throws -> SplitIndex {
    guard let origin, let record = resolution.record(of: origin.step),
      // Predicting steps read `images/SPLIT`, which keeps classes and pixel sizes to itself.
      let output = record[
        output: "split/\(origin.output.drop { $0 != "/" }.dropFirst())"]
    else { preconditionFailure("a step that is done has read a split") }
    return try JSON.decode(SplitIndex.self, from: store.read(output.digest))
  }

  /// The image files behind samples, of a dataset that the study resamples; else `nil`.
  func originals(
    of ids: Set<String>, made step: Step, _ externals: Externals, _ files: any FileSystem
  ) throws -> [String: OriginalImage]? {
    guard step.kind == .import, step.values["pixel_size"]?.number != nil,
      let listing = externals.listings[step.group], let root = externals.roots[step.group]
    else { return nil }
    let content = ListedFiles(
      root: root,
      digests: Dictionary(uniqueKeysWithValues: listing.entries.map { ($0.name, $0.digest) }),
      files: files)
    return try DatasetImport.originals(
      of: ids, DatasetRequest(step.values), files: listing.entries.map(\.name), read: content.read,
      readPart: content.readPart)
  }
}

extension Step {
  /// The parameters by name, as an action has them.
  fileprivate var values: [String: CanonicalValue] {
    Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value.value) })
  }

  /// The step and the output behind an input.
  fileprivate func source(of name: String) -> (step: StepID, output: String)? {
    for input in inputs where input.name == name {
      if case .output(let step, let output) = input.origin { return (step, output) }
    }
    return nil
  }
}
