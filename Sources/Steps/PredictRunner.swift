internal import Archives
internal import Core
internal import Execution
internal import Imaging
internal import Networks
internal import Planning
internal import Storage

/// Predicts every image of a test set: one 8-bit map of probabilities for each.
struct PredictRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let weights = try Safetensors.decode(context.read(input: "weights"))
    let network = SegmentationNetwork(
      encoderWidth: context.number("model.width"), classes: 1, firstValues: .none, seed: 0,
      replicate: 0, threads: context.threads)
    try network.importState(weights.tensors)
    let prediction = WindowedPrediction(
      network: network, window: context.integer("inference.window"),
      stride: context.integer("inference.stride"),
      normalization: try Normalization(metadata: weights.metadata))
    let samples = try context.split(input: "images").samples
    var entries: [NamedObject] = []
    for (i, sample) in samples.enumerated() {
      if context.shouldStop { throw StepInterrupted() }
      let map: [UInt8]
      do {
        map = try prediction.probabilities(of: context.image(of: sample))
          .map(QuantizedProbability.quantize)
      } catch is NonFinitePrediction {
        throw StepFailure(
          "predict.non-finite", "the network predicts values that are not numbers",
          hint: "its training diverged: lower `learning_rate`")
      }
      entries.append(
        try context.store(
          "\(sample.id).npy", NPY.encode(map, shape: [sample.height, sample.width])))
      context.progress(Double(i + 1) / Double(samples.count), "image \(i + 1) of \(samples.count)")
    }
    try context.write(output: "predictions", Tree(entries).encoded)
  }
}

extension StepContext {
  /// The prediction for a sample: 1 where it says foreground.
  func prediction(for sample: SplitIndex.Sample, in predictions: Tree) throws -> LabelMap {
    guard let entry = predictions["\(sample.id).npy"] else {
      throw StepFailure("measure.no-prediction", "image \(sample.id) has no prediction")
    }
    return QuantizedProbability.foreground(
      try NPY.bytes(of: read(object: entry.digest)), width: sample.width, height: sample.height)
  }
}
