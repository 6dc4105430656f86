internal import ArgumentParser
internal import Core
internal import Evaluation
internal import Imaging
internal import ManifestModel
internal import Steps

struct Measure: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measure a predicted label map against the true one.",
    discussion: """
      A label map is a grey PNG of 8 or 16 bits, or a BMP, whose pixel is the number of an object, 0 \
      being background; numbers need not be contiguous, and the two maps need not share them.

        microtome measure --truth nuclei.png --prediction found.png
        microtome measure --truth a.bmp --prediction b.png --objects components

      A binary mask, such as 0 and 255, has one label: with --objects components its 8-connected \
      regions are the objects, of both maps. Several labels that touch stay apart only as labels.

        dice, iou              foreground pixels, whichever object they belong to
        dice2, aji, aji_plus   overlap summed over nuclei, as HoVer-Net has it
        dq, sq, pq             nuclei found at IoU over 0.5, their IoU, the product
        object_f1, object_dice, object_hausdorff
                               the GlaS contest's; the last in pixels, low is good

      Where truth and prediction are empty, the contest's are 1, 1 and 0 and all others undefined; \
      where only one is, all are 0 but for object_hausdorff, which is undefined. What is undefined is \
      null in JSON, with its reason under `reasons`. Means over images, pooled variants and versions \
      are named in manifests; `names` gives the full name of each value here.

      Exit codes: 0 done; 2 the maps cannot be compared; 3 a file cannot be read.
      """)

  /// What an object is.
  enum Objects: String, ExpressibleByArgument, CaseIterable {
    case labels
    case components
  }

  @Option(help: ArgumentHelp("The true label map.", valueName: "file"))
  var truth: String

  @Option(help: ArgumentHelp("The predicted label map.", valueName: "file"))
  var prediction: String

  @Option(help: "What one object is: a label, or a connected region of any labels.")
  var objects = Objects.labels

  @Flag(help: "Print exactly one JSON object to standard output.")
  var json = false

  /// The metrics of one image, each in its plain variant.
  static let metrics: [Metric] = [
    .dice, .iou, .dice2, .aji, .ajiPlus, .dq, .sq, .pq, .objectF1, .objectDice, .objectHausdorff,
  ]

  func run() throws {
    let console = Console()
    let (trueMap, predictedMap) = (try map(truth, console), try map(prediction, console))
    guard trueMap.width == predictedMap.width, trueMap.height == predictedMap.height else {
      throw CommandFailure(
        status: 2, code: "measure.sizes-differ",
        message: "\(truth) has \(trueMap.width) x \(trueMap.height) pixels and \(prediction) "
          + "\(predictedMap.width) x \(predictedMap.height)",
        subject: prediction,
        hint: "give maps of one image at one scale; ids are scaled by nearest neighbour")
    }
    let image = ImageMeasures(truth: trueMap, prediction: predictedMap, withDistances: true)
    let values = Self.metrics.map { (metric: $0, value: $0.value(of: image)) }
    if json {
      console.result(JSON.text(MeasureShape(image, values)))
    } else {
      console.result(Self.table(values))
      console.say(
        "\(image.table.truth.count) true and \(image.table.prediction.count) predicted objects")
    }
  }

  private func map(_ file: String, _ console: Console) throws -> LabelMap {
    let bytes = try LocalFileSystem().read(Session.absolute(file))
    let map: LabelMap
    do throws(ImageError) {
      map = try ImageFile.labels(bytes)
    } catch {
      throw CommandFailure(
        status: 2, code: "measure.\(error.code.rawValue)", message: "\(file): \(error)",
        subject: file, hint: "a label map is a grey PNG of 8 or 16 bits, or a BMP")
    }
    let components = ConnectedComponents(of: map, connectivity: .eight)
    if objects == .labels {
      if components.count > 1, map.distinctLabels.count == 1 {
        console.say(
          "note: \(file) has one label in \(components.count) separate regions; if it is a binary "
            + "mask, add --objects components")
      }
      return map
    }
    guard let objects = components.labelMap else {
      throw CommandFailure(
        status: 2, code: "measure.too-many-objects",
        message:
          "\(file) falls into \(components.count) connected regions, and a map numbers 65535",
        subject: file, hint: "remove single pixels from the mask")
    }
    return objects
  }

  private static func table(_ values: [(metric: Metric, value: MetricValue)]) -> String {
    let width = values.map(\.metric.rawValue.count).max()! + 2
    return values.map { metric, value in
      let name = metric.rawValue.padded(to: width)
      guard let number = value.value else { return "\(name)undefined: \(value.reason!)" }
      let unit = metric.isLowerBetter ? " pixels, lower is better" : ""
      return "\(name)\(fixed(number, digits: metric.isLowerBetter ? 2 : 4))\(unit)"
    }.joined(separator: "\n")
  }
}

/// Values by alias; null where undefined, and then with a reason.
struct MeasureShape: Encodable {
  struct Objects: Encodable { var truth, prediction: Int }
  var metrics: [String: Double?]
  var reasons: [String: String]
  var names: [String: String]
  var objects: Objects

  init(_ image: ImageMeasures, _ values: [(metric: Metric, value: MetricValue)]) {
    metrics = [:]
    reasons = [:]
    names = [:]
    for (metric, value) in values {
      metrics.updateValue(value.value, forKey: metric.rawValue)
      reasons[metric.rawValue] = value.reason
      names[metric.rawValue] = metric.fullName
    }
    objects = Objects(truth: image.table.truth.count, prediction: image.table.prediction.count)
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
