import Testing

/// One edit of `validManifest` and every finding that it leads to.
struct EditCase: Sendable, CustomTestStringConvertible {
  /// What to replace; it occurs once.
  var find: String
  /// What stands there instead, with markers.
  var replacement: String
  var expected: [Expected]

  init(_ find: String, _ replacement: String, _ expected: Expected...) {
    self.find = find
    self.replacement = replacement
    self.expected = expected
  }

  var testDescription: String { "\(find.debugDescription) -> \(replacement.debugDescription)" }
}

/// A manifest without findings that touches most of the language.
let validManifest = """
  microtome: 1
  study: edited
  seed: 4
  datasets:
    glas: { format: glas, root: ../glas }
    mine: { format: image-mask-folder, root: mine, table: t.csv }
    plain: { format: image-mask-folder, root: plain }
    tiles: { format: image-folder, root: tiles }
    tissue: { format: synthetic-tissue, images: { train: 32, test: 16 } }
  initializations:
    random: {}
    imagenet: { weights: w.pth, sha256: f37072fd, normalization: imagenet }
    pathology:
      pretrain: { method: barlow-twins, dataset: tiles, augmentation: pathology, views: 1001 }
    unused: {}
  experiments:
    gland:
      task: gland-segmentation
      model: { encoder: resnet18, decoder: unet }
      dataset: tissue
      subset_sizes: [4, 25%, all]
      initialization: [random, imagenet, pathology]
      replicates: 8
      training: { patch: 64, batch: 8, steps: 200, optimizer: { adam: { learning_rate: 1.0e-3 } } }
      selection: { holdout: 20%, every: 100 }
      inference: { window: 64, stride: 32 }
      test: [tissue/test, glas/testA]
      metrics: [dice]
  comparisons:
    - { experiment: gland, candidate: pathology, baseline: imagenet, metric: dice }
  keep: [weights]
  """

private let task = "task: gland-segmentation"
private let adam = "{ adam: { learning_rate: 1.0e-3 } }"
private let weights = "{ weights: w.pth, sha256: f37072fd, normalization: imagenet }"
private let split = "test: [tissue/test, glas/testA]"

/// What every rule of the language says, where, and how to mend it.
let editCases: [EditCase] = [
  // Keys.
  .init(
    "seed: 4", "1️⃣sed: 4", Expected("1️⃣", "manifest.unknown-key", hint: "write `seed`")),
  .init(
    "seed: 4", "1️⃣frobnicate: 4",
    Expected(
      "1️⃣", "manifest.unknown-key",
      hint: "the keys are `microtome`, `study`, `question`, `seed`, `extends`, `defaults`, "
        + "`datasets`, `initializations`, `experiments`, `comparisons`, `results`, `keep`")),
  .init(
    "patch: 64, batch: 8, steps: 200", "patch: 64, batch: 8, steps: 200, 1️⃣epochs: 3",
    Expected("1️⃣", "manifest.exclusive-keys", hint: "keep one of them")),
  .init(
    "training: { patch: 64, batch: 8, steps: 200", "training: 1️⃣{ patch: 64, batch: 8",
    Expected("1️⃣", "manifest.missing-key", hint: "add one of them")),
  .init(
    adam, "{ adam: { learning_rate: 1 }, 1️⃣sgd: { learning_rate: 1 } }",
    Expected("1️⃣", "manifest.exclusive-keys")),
  .init(adam, "1️⃣{}", Expected("1️⃣", "manifest.missing-key")),
  .init(adam, "{ adam: 1️⃣{} }", Expected("1️⃣", "manifest.missing-key")),
  // Types.
  .init(
    "seed: 4", "seed: 1️⃣four",
    Expected(
      "1️⃣", "manifest.wrong-type", hint: "write a whole number from 0 to 9007199254740992")),
  .init("seed: 4", "seed: 1️⃣2.5", Expected("1️⃣", "manifest.wrong-type")),
  .init("seed: 4", "seed: 1️⃣.inf", Expected("1️⃣", "manifest.wrong-type")),
  .init("seed: 4", "seed: 1️⃣\"4\"", Expected("1️⃣", "manifest.wrong-type")),
  .init("seed: 4", "seed: 1️⃣[4]", Expected("1️⃣", "manifest.wrong-type")),
  .init("seed: 4", "seed:1️⃣", Expected("1️⃣", "manifest.wrong-type")),
  .init(
    "study: edited", "study: 1️⃣2023",
    Expected("1️⃣", "manifest.wrong-type", hint: "put it in quotes: \"2023\"")),
  .init("study: edited", "study: 1️⃣{}", Expected("1️⃣", "manifest.wrong-type")),
  .init(
    "sha256: f37072fd", "sha256: 1️⃣12345678",
    Expected("1️⃣", "manifest.wrong-type", hint: "put it in quotes: \"12345678\"")),
  .init("seed: 4", "results: { overlays: 1️⃣yes }", Expected("1️⃣", "manifest.wrong-type")),
  .init("seed: 4", "results: 1️⃣plain", Expected("1️⃣", "manifest.wrong-type")),
  .init(
    "test: [tissue/test, glas/testA]", "test: 1️⃣tissue/test",
    Expected("1️⃣", "manifest.wrong-type", hint: "write `[tissue/test]`")),
  .init(
    "unused: {}", "unused:1️⃣",
    Expected("1️⃣", "manifest.wrong-type", hint: "write `unused: {}` for random weights")),
  .init(task, "task: 1️⃣1", Expected("1️⃣", "manifest.wrong-type")),
  .init("1.0e-3", "1️⃣fast", Expected("1️⃣", "manifest.wrong-type")),
  .init(
    "[4, 25%, all]", "[4, 1️⃣0.25]",
    Expected("1️⃣", "manifest.wrong-type", hint: "write `25%` for a share of the pool")),
  .init("[4, 25%, all]", "[4, 1️⃣most]", Expected("1️⃣", "manifest.wrong-type")),
  .init("[4, 25%, all]", "[4, 1️⃣x%]", Expected("1️⃣", "manifest.wrong-type")),
  .init(
    "[random, imagenet, pathology]", "[random, imagenet, pathology, 1️⃣{}]",
    Expected("1️⃣", "manifest.wrong-type")),
  .init("holdout: 20%", "holdout: 1️⃣some", Expected("1️⃣", "manifest.wrong-type")),
  .init(split, "test: [1️⃣[tissue/test]]", Expected("1️⃣", "manifest.wrong-type")),
  .init(
    "{ experiment: gland, candidate: pathology, baseline: imagenet, metric: dice }", "1️⃣gland",
    Expected("1️⃣", "manifest.wrong-type")),
  // Ranges.
  .init(
    "replicates: 8", "replicates: 1️⃣0",
    Expected("1️⃣", "manifest.out-of-range", hint: "set `replicates: 1`")),
  .init(
    "replicates: 8", "replicates: 1️⃣1e300",
    Expected("1️⃣", "manifest.out-of-range", hint: "set `replicates: 1000`")),
  .init("seed: 4", "seed: 1️⃣9007199254740993", Expected("1️⃣", "manifest.out-of-range")),
  .init("seed: 4", "seed: 1️⃣-1", Expected("1️⃣", "manifest.out-of-range")),
  .init("1.0e-3", "1️⃣0", Expected("1️⃣", "manifest.out-of-range")),
  .init("1.0e-3", "1️⃣.nan", Expected("1️⃣", "manifest.out-of-range")),
  .init("1.0e-3", "1️⃣.inf", Expected("1️⃣", "manifest.out-of-range")),
  .init("decoder: unet", "decoder: unet, width: 1️⃣0.04", Expected("1️⃣", "manifest.out-of-range")),
  .init("[4, 25%, all]", "[4, 1️⃣0%]", Expected("1️⃣", "manifest.out-of-range")),
  .init("[4, 25%, all]", "[4, 1️⃣100.5%]", Expected("1️⃣", "manifest.out-of-range")),
  .init("[4, 25%, all]", "[4, 1️⃣-5%]", Expected("1️⃣", "manifest.wrong-type")),
  .init("[4, 25%, all]", "[4, 1️⃣0]", Expected("1️⃣", "manifest.out-of-range")),
  .init("holdout: 20%", "holdout: 1️⃣100%", Expected("1️⃣", "manifest.out-of-range")),
  .init(
    "patch: 64", "patch: 1️⃣80",
    Expected("1️⃣", "manifest.not-a-multiple", hint: "set `patch: 96`")),
  .init(
    "window: 64", "window: 1️⃣65",
    Expected("1️⃣", "manifest.not-a-multiple", hint: "set `window: 64`")),
  .init(
    "{ train: 32, test: 16 } }", "{ train: 32, test: 16 }, size: 1️⃣100 }",
    Expected("1️⃣", "manifest.not-a-multiple")),
  .init(
    "{ train: 32, test: 16 } }", "{ train: 32, test: 16 }, scanner: 1️⃣10 }",
    Expected("1️⃣", "manifest.out-of-range")),
  // Words.
  .init(
    "format: glas", "format: 1️⃣gals",
    Expected(
      "1️⃣", "manifest.unknown-word",
      hint: "write `glas`; the words are `glas`, `crag`, `monuseg`, `kumar`, `cpm15`, `cpm17`, "
        + "`consep`, `tnbc`, `pannuke`, `lizard`, `dsb2018`, `nucls`, `image-mask-folder`, "
        + "`image-folder`, `synthetic-tissue`, `synthetic-shapes`")),
  .init(
    task, "task: 1️⃣poetry",
    Expected(
      "1️⃣", "manifest.unknown-word",
      hint: "the words are `gland-segmentation`, `cell-segmentation`, "
        + "`nuclei-instance-segmentation`")
  ),
  .init(
    "metrics: [dice]", "metrics: [dice, 1️⃣accuracy]",
    Expected("1️⃣", "manifest.unknown-word")),
  .init(
    "metrics: [dice]", "metrics: [dice, object_dice, 1️⃣mpq]",
    Expected(
      "1️⃣", "manifest.metric-needs-types", hint: "use `pq` or `aji`, which need objects alone")),
  .init(
    "metrics: [dice]", "metrics: [dice, 1️⃣detection_f1]",
    Expected(
      "1️⃣", "manifest.metric-needs-pixel-size", hint: "use `dq`, which needs none")),
  .init(
    "decoder: unet", "decoder: 1️⃣hovernet",
    Expected("1️⃣", "manifest.decoder-of-another-task", hint: "set `decoder: unet`")),
  .init(
    "task: gland-segmentation\n    model: { encoder: resnet18, decoder: unet }",
    "task: nuclei-instance-segmentation\n    model: { encoder: 1️⃣densenet121, decoder: hovernet }",
    Expected(
      "1️⃣", "manifest.encoder-without-decoder",
      hint: "use one of `resnet18`, `resnet34`, `resnet50`")),
  .init(
    "decoder: unet", "decoder: unet, types: 1️⃣4",
    Expected(
      "1️⃣", "manifest.no-types", hint: "remove `types`, or set `decoder: hovernet`")),
  .init(
    "steps: 200,", "steps: 200, loss: 1️⃣hovernet,",
    Expected(
      "1️⃣", "manifest.loss-of-another-decoder",
      hint: "set `loss: bce-soft-dice`, or remove `loss`")),
  .init(
    "{ holdout: 20%, every: 100 }", "{ holdout: 20%, metric: 1️⃣pq, every: 100 }",
    Expected("1️⃣", "manifest.selection-of-another-task", hint: "set `metric: dice`")),
  .init(
    "task: gland-segmentation\n    model: { encoder: resnet18, decoder: unet }",
    "task: nuclei-instance-segmentation\n    model: { encoder: resnet18, decoder: hovernet }\n"
      + "    objects: { minimum_size: 1️⃣9 }",
    Expected("1️⃣", "manifest.objects-of-another-task", hint: "remove `objects`")),
  .init(
    "steps: 200,", "steps: 200, encoder: 1️⃣froze,",
    Expected(
      "1️⃣", "manifest.unknown-word", hint: "write `frozen`; the words are `fine-tuned`, `frozen`")),
  .init(
    "steps: 200,", "steps: 200, encoder: { frozen_for: 1️⃣100% },",
    Expected("1️⃣", "manifest.out-of-range")),
  .init(
    "metrics: [dice]", "metrics: [dice]\n    objects: { minimum_size: 1️⃣0 }",
    Expected("1️⃣", "manifest.out-of-range")),
  .init(
    "selection: { holdout: 20%, every: 100 }", "selection: 1️⃣best",
    Expected("1️⃣", "manifest.unknown-word")),
  .init(
    "format: glas, root: ../glas", "format: glas, root: ../glas, group: 1️⃣slide",
    Expected("1️⃣", "manifest.unknown-word")),
  .init(
    "microtome: 1", "microtome: 1️⃣2",
    Expected("1️⃣", "manifest.unknown-version", hint: "set `microtome: 1`")),
  .init("study: edited", "study: 1️⃣../up", Expected("1️⃣", "manifest.bad-name")),
  .init("study: edited", "study: 1️⃣\"\"", Expected("1️⃣", "manifest.bad-name")),
  .init("unused: {}", "1️⃣a/b: {}", Expected("1️⃣", "manifest.bad-name")),
  .init("root: tiles", "root: 1️⃣\"\"", Expected("1️⃣", "manifest.empty-text")),
  .init("sha256: f37072fd", "sha256: 1️⃣f37072f", Expected("1️⃣", "manifest.not-hexadecimal")),
  .init("sha256: f37072fd", "sha256: 1️⃣f37072fd...", Expected("1️⃣", "manifest.not-hexadecimal")),
  .init("root: tiles", "root: tiles, digest: 1️⃣abc", Expected("1️⃣", "manifest.not-hexadecimal")),
  // Kinds of blocks.
  .init(
    "images: { train: 32, test: 16 } }", "images: { train: 32, test: 16 }, 1️⃣root: x }",
    Expected("1️⃣", "manifest.key-of-another-kind", hint: "remove `root`")),
  .init(
    "format: glas, root: ../glas", "format: glas, root: ../glas, leakage: 1️⃣ignore",
    Expected("1️⃣", "manifest.unknown-word", hint: "the words are `warn`, `refuse`")),
  .init(
    "format: glas, root: ../glas", "format: glas, root: ../glas, 1️⃣scanner: 2",
    Expected("1️⃣", "manifest.key-of-another-kind")),
  .init("root: tiles", "root: tiles, 1️⃣masks: m", Expected("1️⃣", "manifest.key-of-another-kind")),
  .init(
    weights, "1️⃣{ sha256: f37072fd, normalization: imagenet }",
    Expected("1️⃣", "manifest.missing-key")),
  .init(
    "views: 1001 }", "views: 1001 }\n    1️⃣weights: w.pth",
    Expected("1️⃣", "manifest.key-of-another-kind")),
  .init(
    "{ format: glas, root: ../glas }", "1️⃣{ root: ../glas }",
    Expected("1️⃣", "manifest.missing-key")),
  .init(
    ", views: 1001", ", 1️⃣views: 10, training: { steps: 5 }",
    Expected("1️⃣", "manifest.exclusive-keys")),
  .init(
    "pretrain: { method: barlow-twins, dataset: tiles, augmentation: pathology, views: 1001 }",
    "pretrain: 1️⃣{ method: barlow-twins, dataset: tiles, augmentation: pathology }",
    Expected("1️⃣", "manifest.missing-key")),
  // Lists.
  .init("test: [tissue/test, glas/testA]", "test: 1️⃣[]", Expected("1️⃣", "manifest.empty-list")),
  .init(
    "{ format: glas, root: ../glas }", "2️⃣{ format: glas, 1️⃣rot: ../glas }",
    Expected("2️⃣", "manifest.missing-key"),
    Expected("1️⃣", "manifest.unknown-key", hint: "write `root`")),
  .init("[4, 25%, all]", "[4, 25%, 1️⃣4]", Expected("1️⃣", "manifest.repeated")),
  .init("[4, 25%, all]", "[8, 1️⃣25%]", Expected("1️⃣", "manifest.repeated")),
  .init("[4, 25%, all]", "[100%, 1️⃣all]", Expected("1️⃣", "manifest.repeated")),
  .init("metrics: [dice]", "metrics: [dice, 1️⃣dice]", Expected("1️⃣", "manifest.repeated")),
  .init(split, "test: [tissue/test, 1️⃣tissue/test]", Expected("1️⃣", "manifest.repeated")),
  .init(split, split + "\n    out_of_domain: [1️⃣glas/testA]", Expected("1️⃣", "manifest.repeated")),
  .init("keep: [weights]", "keep: [weights, 1️⃣weights]", Expected("1️⃣", "manifest.repeated")),
  .init(
    "baseline: imagenet, metric: dice }",
    "baseline: imagenet, metric: dice }\n  - { experiment: 1️⃣gland, candidate: pathology, "
      + "baseline: imagenet, metric: dice, alpha: 0.01 }",
    Expected("1️⃣", "manifest.repeated-comparison")),
  // Names.
  .init(
    "dataset: tissue", "dataset: 1️⃣tisue",
    Expected(
      "1️⃣", "manifest.unknown-dataset",
      hint: "write `tissue`; the datasets are `glas`, `mine`, `plain`, `tiles`, `tissue`")),
  .init(
    "dataset: tissue", "dataset: 1️⃣glas/tran",
    Expected(
      "1️⃣", "manifest.unknown-split",
      hint: "write `train`; the splits are `train`, `testA`, `testB`")),
  .init(split, "test: [tissue/test, 1️⃣tissue/val]", Expected("1️⃣", "manifest.unknown-split")),
  .init(split, "test: [tissue/test, mine/any]"),
  .init(split, "test: [tissue/test, 1️⃣plain/any]", Expected("1️⃣", "manifest.unknown-split")),
  .init(
    split, "test: [tissue/test, 1️⃣mine/]",
    Expected("1️⃣", "manifest.bad-name")),
  .init(
    split, "test: [1️⃣glas]",
    Expected(
      "1️⃣", "manifest.not-a-split",
      hint: "write one of `glas/train`, `glas/testA`, `glas/testB`")),
  .init(split, "test: [1️⃣a/b/c]", Expected("1️⃣", "manifest.not-a-split")),
  .init(
    "[random, imagenet, pathology]", "[random, imagenet, pathology, 1️⃣image-net]",
    Expected("1️⃣", "manifest.unknown-initialization")),
  .init(
    "experiment: gland", "experiment: 1️⃣glnd",
    Expected(
      "1️⃣", "manifest.unknown-experiment", hint: "write `gland`; the experiments are `gland`")),
  .init(
    "candidate: pathology", "candidate: 1️⃣nobody",
    Expected("1️⃣", "manifest.unknown-initialization")),
  .init(
    "candidate: pathology", "candidate: 1️⃣unused",
    Expected("1️⃣", "manifest.not-in-experiment")),
  .init(
    "candidate: pathology, baseline: imagenet", "candidate: imagenet, baseline: 1️⃣imagenet",
    Expected("1️⃣", "manifest.compared-with-itself")),
  .init("metric: dice }", "metric: 1️⃣iou }", Expected("1️⃣", "manifest.unknown-metric")),
  // What keys mean together.
  .init(
    "stride: 32", "stride: 1️⃣65",
    Expected("1️⃣", "manifest.stride-too-long", hint: "set `stride: 32`")),
  .init(
    "every: 100", "every: 1️⃣201",
    Expected("1️⃣", "manifest.never-selected", hint: "set `every: 20`")),
  .init("[4, 25%, all]", "[1️⃣1, 25%]", Expected("1️⃣", "manifest.nothing-to-train-on")),
  .init("[4, 25%, all]", "[4, 1️⃣33]", Expected("1️⃣", "manifest.subset-too-large")),
  .init(split, "test: [1️⃣tissue/train]", Expected("1️⃣", "manifest.test-on-training")),
  .init(
    split, "test: [tissue/test]\n    out_of_domain: [1️⃣tissue/train]",
    Expected("1️⃣", "manifest.test-on-training")),
  .init("dataset: tissue", "dataset: 1️⃣tiles", Expected("1️⃣", "manifest.unlabelled")),
  .init(
    "root: mine, table: t.csv", "root: mine, table: t.csv, pixel_size: 1️⃣0.5",
    Expected("1️⃣", "manifest.unknown-pixel-size")),
  .init(
    "root: mine, table: t.csv", "root: mine, table: t.csv, mask: 1️⃣classes",
    Expected(
      "1️⃣", "manifest.no-classes",
      hint: "add `classes: [first, second]`, the names of the values 1, 2, ...")),
  .init(
    "root: mine, table: t.csv", "root: mine, table: t.csv, classes: [1️⃣gland, stroma]",
    Expected(
      "1️⃣", "manifest.no-classes", hint: "add `mask: classes`, or remove `classes`")),
  .init(
    "root: tiles", "root: tiles, group: 1️⃣case",
    Expected("1️⃣", "manifest.no-table", hint: "add `table`, a CSV file below the root")),
  .init(
    adam, "{ sgd: { learning_rate: 0.1, nesterov: 1️⃣true } }",
    Expected("1️⃣", "manifest.nesterov-without-momentum")),
  .init(
    adam, adam + ", schedule: { cosine: { warmup: 1️⃣200 } }",
    Expected("1️⃣", "manifest.warmup-too-long", hint: "set `warmup: 20`, or raise `steps`")),
  .init(
    "dataset: tiles", "dataset: 1️⃣tissue/test",
    Expected("1️⃣", "manifest.pretraining-on-test")),
]
