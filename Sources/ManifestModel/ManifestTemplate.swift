internal import Core

/// The manifest that `microtome new` writes.
public enum ManifestTemplate {
  /// A commented manifest over generated tissue, valid as it stands; it needs no data.
  ///
  /// - Parameter name: The study's name: letters, digits, `-`, `_` and `.`.
  public static func text(named name: String) -> String {
    """
    # Editors check this file against the schema that `microtome schema` prints.
    # yaml-language-server: $schema=../schemas/study.v1.schema.json
    microtome: 1
    study: \(JSON.text(name))
    question: Does pretraining on unlabelled tissue help, and up to which training-set size?
    seed: 2023                       # every random draw of the study starts from it
    # extends: base.yaml             # takes over what this file does not say

    datasets:
      # Generated tissue, so that this study runs as it stands.
      tissue:
        format: synthetic-tissue
        images: { train: 32, test: 16 }
        size: 128                    # pixels, a multiple of 32
        images_per_patient: 2        # images of one patient stay together
      # The same kind of tissue, seen through another scanner.
      elsewhere:
        format: synthetic-tissue
        images: { test: 16 }
        seed: 7
        scanner: 3
      unlabelled:
        format: synthetic-tissue
        images: { train: 64 }
        seed: 11
      # Files of your own:
      # glas:    { format: glas, root: ../data/glas, group: patient, stratify: grade }
      # mine:    { format: image-mask-folder, root: ../data/mine, table: samples.csv, group: patient }
      # tiles:   { format: image-folder, root: ../data/tiles }

    initializations:
      random: {}
      pathology:
        pretrain:
          method: barlow-twins
          dataset: unlabelled        # its train split
          augmentation: pathology
          views: 1280                # or training: { steps: 20 }
      # Published weights:
      # imagenet: { weights: ../weights/resnet18-f37072fd.pth, sha256: f37072fd, normalization: imagenet }

    # What every experiment takes over.
    defaults:
      model: { encoder: resnet18, decoder: unet, width: 0.25 }
      replicates: 8                  # paired repetitions; fewer cannot reach 0.05 over four sizes

    experiments:
      gland:
        task: gland-segmentation
        dataset: tissue              # trains on tissue/train
        subset_sizes: [4, 8, 50%, all]
        initialization: [random, pathology]
        training:
          patch: 64                  # pixels, a multiple of 32
          batch: 8
          steps: 40                  # or epochs: 10
          optimizer: { adam: { learning_rate: 1.0e-3 } }
          schedule: constant         # or { cosine: { warmup: 10 } }
          augmentation: geometric
          loss: bce-soft-dice
        selection: last              # or { holdout: 20%, metric: dice, every: 10 }
        inference: { window: 64, stride: 32 }
        test: [tissue/test]
        out_of_domain: [elsewhere/test]
        metrics: [dice, iou]

    # Does the candidate beat the baseline, and at which sizes?
    comparisons:
      - experiment: gland
        candidate: pathology
        baseline: random
        metric: dice
        alpha: 0.05
        correction: holm
        # equivalence_margin: 0.02   # differences inside it count as equality, if its test passes

    results:
      image_ids: plain               # or hashed
      overlays: true                 # whether the report shows images

    # What garbage collection keeps.
    keep: [measurements, predictions, weights]

    """
  }
}
