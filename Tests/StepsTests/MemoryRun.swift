import Core
import ManifestModel
import Planning
import Storage
import Testing

@testable import Execution
@testable import Steps

/// A study over generated images whose steps run in this process, with a store in memory.
final class MemoryRun {
  let plan: Plan
  let store: Store
  private let files = MemoryFileSystem()
  private var done: [StepID: [String: Digest]] = [:]

  init(_ manifest: String) throws {
    try files.write(Array(manifest.utf8), to: "/study.yaml")
    let study = try ManifestLoader(files: files).load("/study.yaml", displayedAs: "study.yaml")
      .study
    plan = Planning.plan(study)
    store = try Store(at: "/.microtome", files: files)
  }

  /// The outputs of a step, by name; what it reads runs before it, and each step once.
  func outputs(of id: StepID) throws -> [String: Digest] {
    if let known = done[id] { return known }
    let context = try context(of: id)
    try StepRunners.runner(for: context.action.kind).run(context)
    let outputs = Self.outputs(of: context)
    done[id] = outputs
    return outputs
  }

  /// What a step would be given; the steps that it reads have run then.
  func context(of id: StepID, threads: Int = 1) throws -> StepContext {
    let step = try #require(plan[id])
    var inputs: [String: Digest] = [:]
    for input in step.inputs {
      guard case .output(let source, let name) = input.origin else { continue }
      inputs[input.name] = try outputs(of: source)[name]
    }
    let encoded = step.action(inputs: inputs).encoded
    return StepContext(
      action: try #require(StepAction(decoding: encoded)), key: SHA256.digest(of: encoded),
      threads: threads, store: store, files: files, locations: [:], numerics: "test",
      channel: WorkerChannel(supervised: false, hear: { _ in }))
  }

  static func outputs(of context: StepContext) -> [String: Digest] {
    Dictionary(uniqueKeysWithValues: context.outputs.map { ($0.name, $0.digest) })
  }
}

/// Studies whose steps take milliseconds each.
enum SmallStudy {
  /// - Parameters:
  ///   - model: The block of the model without its braces.
  ///   - training: Further keys of the block `training`.
  static func manifest(
    task: String, model: String, steps: Int = 2, training: String = "", selection: String = "last",
    more: String = "metrics: [dice]"
  ) -> String {
    """
    microtome: 1
    study: small
    seed: 3
    datasets:
      tissue: { format: synthetic-tissue, images: { train: 4, test: 2 }, size: 64, seed: 1 }
      shapes: { format: synthetic-shapes, images: { train: 2 }, size: 32, seed: 3 }
    initializations:
      random: {}
      shapes:
        pretrain:
          method: barlow-twins
          dataset: shapes
          augmentation: natural
          training: { patch: 32, batch: 2, steps: 1 }
    experiments:
      x:
        task: \(task)
        model: { \(model) }
        dataset: tissue
        subset_sizes: [all]
        initialization: [random, shapes]
        replicates: 1
        training:
          { patch: 32, batch: 2, steps: \(steps), optimizer: { adam: { learning_rate: 1.0e-3 } } \(training) }
        selection: \(selection)
        inference: { window: 64, stride: 64 }
        test: [tissue/test]
        \(more)
    """
  }

  static func glands(
    _ encoder: String = "resnet18", steps: Int = 2, training: String = "",
    more: String = "metrics: [dice]"
  ) -> String {
    manifest(
      task: "gland-segmentation", model: "encoder: \(encoder), decoder: unet, width: 0.0625",
      steps: steps, training: training, more: more)
  }

  static func nuclei(
    _ encoder: String = "resnet18", steps: Int = 2, training: String = "",
    selection: String = "last", more: String = "metrics: [pq, aji]"
  ) -> String {
    manifest(
      task: "nuclei-instance-segmentation",
      model: "encoder: \(encoder), decoder: hovernet, width: 0.0625", steps: steps,
      training: training, selection: selection, more: more)
  }
}
