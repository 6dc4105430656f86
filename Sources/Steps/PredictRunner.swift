internal import Archives
internal import Core
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Networks
internal import Planning
internal import Storage

/// Predicts every image of a test set.
///
/// A U-Net gives one 8-bit map of probabilities for each, `ID.npy`; a HoVer-Net a 16-bit map of
/// instances, numbered from 1, and with types also `ID.types.npy`: the type of each instance.
struct PredictRunner: StepRunner {
  func run(_ context: StepContext) throws {
    keepFreedMemory()
    let weights = try Safetensors.decode(context.read(input: "weights"))
    let normalization = try Normalization(metadata: weights.metadata)
    switch context.decoder {
    case .unet:
      let network = SegmentationNetwork(
        encoder: context.encoder, encoderWidth: context.number("model.width"), classes: 1,
        firstValues: .none, seed: 0, replicate: 0, threads: context.threads)
      try network.importState(weights.tensors)
      let prediction = WindowedPrediction(
        network: network, window: context.integer("inference.window"),
        stride: context.integer("inference.stride"), normalization: normalization)
      try predict(context) { sample, image in
        [
          (
            "npy",
            NPY.encode(try prediction.quantized(image), shape: [sample.height, sample.width])
          )
        ]
      }
    case .hovernet:
      let network = NucleusNetwork(
        encoder: context.residualEncoder, encoderWidth: context.number("model.width"),
        types: context.types, firstValues: .none, seed: 0, replicate: 0, threads: context.threads)
      try network.importState(weights.tensors)
      let prediction = NucleusPrediction(
        network: network, window: context.integer("inference.window"),
        stride: context.integer("inference.stride"), normalization: normalization)
      try predict(context) { sample, image in
        guard let nuclei = try prediction.nuclei(of: image) else {
          throw StepFailure.tooManyObjects(in: sample.id)
        }
        var files = [
          ("npy", NPY.encode(nuclei.instances.labels, shape: [sample.height, sample.width]))
        ]
        if network.types > 0 {
          files.append(
            ("types.npy", NPY.encode(nuclei.types.map(UInt8.init), shape: [nuclei.types.count])))
        }
        return files
      }
    }
  }

  /// Predicts each image into files that are called like it, with a suffix.
  private func predict(
    _ context: StepContext,
    _ files: (SplitIndex.Sample, RGBImage) throws -> [(suffix: String, bytes: [UInt8])]
  ) throws {
    let samples = try context.split(input: "images").samples
    var entries: [NamedObject] = []
    for (i, sample) in samples.enumerated() {
      if context.shouldStop { throw StepInterrupted() }
      do {
        for file in try files(sample, context.image(of: sample)) {
          entries.append(try context.store("\(sample.id).\(file.suffix)", file.bytes))
        }
      } catch is NonFinitePrediction {
        throw StepFailure(
          "predict.non-finite", "the network predicts values that are not numbers",
          hint: "its training diverged: lower `learning_rate`")
      }
      context.progress(Double(i + 1) / Double(samples.count), "image \(i + 1) of \(samples.count)")
    }
    try context.write(output: "predictions", Tree(entries).encoded)
  }
}
