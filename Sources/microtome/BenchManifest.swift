/// A manifest of about as many steps as wanted, to measure reading and planning: many sizes times
/// replicates times initializations, as studies grow.
enum BenchManifest {
  /// - Parameter steps: About how many steps the study has; a few more than half a thousand at least.
  static func text(steps: Int) -> String {
    // A subset for each size and replicate; a training, a prediction and a measurement for each of
    // the four initializations.
    let pairs = max(1, steps / (1 + 4 * 3))
    let replicates = max(2, Int(Double(pairs).squareRoot()))
    let sizes = max(1, pairs / replicates)
    let list = (0..<sizes).map { String($0 + 2) }.joined(separator: ", ")
    return """
      microtome: 1
      study: bench-plan
      seed: 1
      datasets:
        tissue:
          { format: synthetic-tissue, images: { train: \(sizes + 2), test: 2 }, size: 64, seed: 1 }
        shapes: { format: synthetic-shapes, images: { train: 4 }, size: 64, seed: 2 }
      initializations:
        random: {}
        other: { normalization: half }
        tissue:
          pretrain: &pretraining
            method: barlow-twins
            dataset: tissue
            augmentation: natural
            training: { patch: 32, batch: 4, steps: 2 }
        shapes: { pretrain: { <<: *pretraining, dataset: shapes } }
      experiments:
        gland:
          task: gland-segmentation
          model: { encoder: resnet18, decoder: unet, width: 0.125 }
          dataset: tissue
          subset_sizes: [\(list)]
          initialization: [random, other, tissue, shapes]
          replicates: \(replicates)
          training: { patch: 32, batch: 2, steps: 3, optimizer: { adam: { learning_rate: 0.001 } } }
          selection: { holdout: 50%, metric: dice, every: 2 }
          inference: { window: 64, stride: 64 }
          test: [tissue/test]
          metrics: [dice]
      comparisons:
        - { experiment: gland, candidate: tissue, baseline: shapes, metric: dice }
      results: { overlays: false }

      """
  }
}
