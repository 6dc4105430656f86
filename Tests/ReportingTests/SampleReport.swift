import Core
import Evaluation
import Reporting

/// A made-up study: two initializations and a random one, measured on three test sets.
struct SampleReport {
  var replicates = 8
  /// Mean gain of pathology over imagenet at each size, by test set.
  var gains: [[Double]] = [
    [0.055, 0.03, 0.012, 0.003], [0.05, 0.02, 0.004, 0.0], [0.09, 0.07, 0.05, 0.035],
  ]
  var margin: Double?
  var correction = MultiplicityCorrection.holm

  static let sizes = [
    ExperimentSummary.Size(label: "4", images: 4), .init(label: "8", images: 8),
    .init(label: "16", images: 16), .init(label: "all", images: 85),
  ]
  static let testSets = [
    ExperimentSummary.TestSet(name: "glas/testA", inDomain: true),
    .init(name: "glas/testB", inDomain: true), .init(name: "crag/test", inDomain: false),
  ]
  static let initializations = ["imagenet", "pathology", "random"]
  static let metric = "dice.image_mean.v1"

  /// The study as it stands, made once for the tests that only look at it.
  static let standard = SampleReport().report()

  /// The report; equal settings give equal reports.
  func report() -> StudyReport {
    var report = StudyReport(
      study: "gland-initialization",
      question: "Does pathology pretraining beat ImageNet for gland segmentation, and up to which "
        + "training-set size?",
      studyDigest: SHA256.digest(of: [1]), seed: 2023)
    report.experiments = [
      ExperimentSummary(
        name: "gland", task: "gland-segmentation", model: "ResNet-18 encoder, U-Net decoder",
        training: "patches of 256, batches of 8, 2000 steps, Adam at 0.0001",
        dataset: "glas/train", sizes: Self.sizes, initializations: Self.initializations,
        replicates: replicates, testSets: Self.testSets, metrics: [Self.metric])
    ]
    for (t, testSet) in Self.testSets.enumerated() { addMeasurements(t, testSet, &report) }
    report.comparisons = Self.testSets.enumerated().map { comparison($0, $1, report) }
    addRuns(&report)
    addTables(&report)
    return report
  }

  private func addMeasurements(
    _ t: Int, _ testSet: ExperimentSummary.TestSet, _ report: inout StudyReport
  ) {
    for (s, size) in Self.sizes.enumerated() {
      for (i, initialization) in Self.initializations.enumerated() {
        for replicate in 1...replicates {
          var shared = RandomStream(
            seed: 1, purpose: "replicate", UInt64(t), UInt64(s), UInt64(replicate))
          var own = RandomStream(
            seed: 1, purpose: "cell", UInt64(t * 16 + s), UInt64(i), UInt64(replicate))
          let level =
            0.66 + 0.06 * Double(s) - 0.09 * Double(t) + 0.02 * shared.normal()
            + 0.009 * own.normal() + [0, gains[t][s], -0.08][i]
          for image in 1...6 {
            report.measurements.append(
              Measurement(
                experiment: "gland", size: size.label, images: size.images,
                initialization: initialization, replicate: replicate, testSet: testSet.name,
                metric: Self.metric, image: "\(testSet.name)_\(image)",
                patient: "patient \(image / 2)",
                value: image == 6 && t == 1 ? nil : level + 0.01 * Double(image - 3),
                reason: image == 6 && t == 1 ? "truth and prediction are empty" : nil))
          }
        }
      }
    }
  }

  private func comparison(
    _ t: Int, _ testSet: ExperimentSummary.TestSet, _ report: StudyReport
  ) -> ComparisonRow {
    let cells = Dictionary(grouping: report.measurements.filter { $0.testSet == testSet.name }) {
      "\($0.initialization) \($0.images) \($0.replicate)"
    }
    func values(_ initialization: String, _ size: Int, _ replicate: Int) -> [ImageValue] {
      cells["\(initialization) \(size) \(replicate)"]!.map {
        ImageValue(image: $0.image, patient: $0.patient, value: $0.value)
      }
    }
    let sizes = Self.sizes.map { size in
      SizeInput(
        label: size.label, images: size.images,
        pairs: (1...replicates).map {
          ReplicatePair(
            replicate: $0, candidate: values("pathology", size.images, $0),
            baseline: values("imagenet", size.images, $0))
        })
    }
    return ComparisonRow(
      experiment: "gland", candidate: "pathology", baseline: "imagenet", metric: Self.metric,
      testSet: testSet.name, inDomain: testSet.inDomain,
      family: "gland/pathology-imagenet/dice/\(testSet.name)",
      result: PairedComparison.evaluate(
        ComparisonInput(
          sizes: sizes, alpha: 0.05, correction: correction, equivalenceMargin: margin, seed: 2023))
    )
  }

  private func addRuns(_ report: inout StudyReport) {
    for size in Self.sizes {
      for (i, initialization) in Self.initializations.enumerated() {
        for replicate in 1...replicates {
          var noise = RandomStream(
            seed: 1, purpose: "curve", UInt64(i), UInt64(size.images), UInt64(replicate))
          func loss(_ step: Int) -> Double {
            0.2 + 0.1 * Double(i) + 1.2 * PortableMath.exp(-Double(step) / 300)
          }
          let points = (1...200).map {
            CurvePoint(step: $0 * 10, value: loss($0 * 10) + 0.04 * noise.normal())
          }
          let validation = (1...10).map {
            CurvePoint(step: $0 * 200, value: 0.9 - loss($0 * 200) / 2 + 0.01 * noise.normal())
          }
          report.curves.append(
            TrainingCurve(
              experiment: "gland", initialization: initialization, size: size.label,
              images: size.images, replicate: replicate, loss: points, validation: validation,
              validationMetric: "dice",
              selectedStep: validation.max { $0.value < $1.value }!.step, lastStep: 2000))
        }
      }
    }
    report.pretraining = [
      PretrainingCurve(
        initialization: "pathology",
        description: "Barlow Twins on tcga/train, pathology views, 2000 steps",
        loss: (1...400).map {
          CurvePoint(step: $0 * 5, value: 40 + 400 * PortableMath.exp(-Double($0) / 60))
        })
    ]
    report.overlays = (1...4).map {
      Overlay(
        caption: "gland, n = 8, pathology, replicate 1", image: "glas/testA_\($0)",
        png: Self.pixel)
    }
  }

  private func addTables(_ report: inout StudyReport) {
    report.loads = [
      LoadReport(
        initialization: "imagenet", source: "resnet18-f37072fd.pth", normalization: "imagenet",
        matched: 120, missing: [], unexpected: ["fc.weight", "fc.bias"], share: 1),
      LoadReport(
        initialization: "pathology", source: "pathology/resnet18/pretrain",
        normalization: "imagenet", matched: 118,
        missing: ["layer4.1.bn2.weight", "layer4.1.bn2.bias"],
        unexpected: [], share: 0.9875),
      LoadReport(
        initialization: "random", source: LoadReport.none, normalization: "imagenet", matched: 0,
        missing: [], unexpected: [], share: 0),
    ]
    report.datasets = [
      DatasetRow(
        name: "glas", format: "glas", split: "train", images: 85, patients: 15,
        strata: [.init(name: "benign", images: 37), .init(name: "malignant", images: 48)],
        sizes: "567 × 430 to 775 × 522", objects: 763, pixelSize: 0.62005,
        listing: SHA256.digest(of: [2])),
      DatasetRow(
        name: "crag", format: "image-mask-folder", split: "test", images: 40, patients: 38,
        sizes: "1512 × 1516", objects: 512, listing: SHA256.digest(of: [3])),
    ]
    report.provenance = ["glas/import", "gland/n=8/r=3/subset"].map {
      ProvenanceRow(
        step: $0, kind: "DATASET/import", version: 1, key: SHA256.digest(of: Array($0.utf8)),
        outputs: [.init(name: "samples", digest: SHA256.digest(of: [4]))])
    }
    report.numericsID = "x86_64-avx2-r1"
    report.warnings = ["3 images of the pretraining set `tcga` are also in `crag/test`."]
    report.notes = ["Sizes count labelled images, hold-out included."]
  }

  /// A PNG of one grey pixel.
  static let pixel: [UInt8] = [
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3A, 0x7E, 0x9B, 0x55, 0, 0, 0, 0x0A, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9C, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77, 0xCD, 0x72, 0xB6, 0, 0, 0, 0, 0x49, 0x45,
    0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
  ]
}
