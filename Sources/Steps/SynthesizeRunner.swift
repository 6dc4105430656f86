internal import Core
internal import Datasets
internal import Execution
internal import Imaging
internal import ManifestModel

/// Generates a synthetic dataset and indexes it as an import would.
struct SynthesizeRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let size = context.integer("size")
    let seed = UInt64(context.integer("seed"))
    let imagesPerPatient = context.integer("images_per_patient")
    let isTissue = context.text("format") == DatasetFormat.syntheticTissue.rawValue
    let tissue = SyntheticTissue(
      size: size, seed: seed, scanner: context.integer("scanner"),
      imagesPerPatient: imagesPerPatient)
    let shapes = SyntheticShapes(size: size, seed: seed)
    var writer = SplitWriter()
    for entry in context.parameter("images").list! {
      let split = entry.list![0].text!
      for index in 0..<entry.list![1].integer! {
        context.progress(0, "\(split) image \(index + 1)")
        let sample = isTissue ? tissue.sample(split: split, index: index) : nil
        try writer.add(
          ImportedSample(
            id: SyntheticTissue.id(split: split, index: index), split: split,
            patient: tissue.patient(split: split, index: index),
            stratum: isTissue ? tissue.stratum(split: split, index: index) : "",
            image: sample?.image ?? shapes.sample(split: split, index: index),
            labels: sample?.labels, pixelSize: nil, objects: sample?.labels.objectCount ?? 0),
          in: context)
      }
    }
    try writer.finish(context)
  }
}
