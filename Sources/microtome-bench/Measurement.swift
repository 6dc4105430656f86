internal import ArgumentParser
internal import Core
internal import Networks

/// What training and inference are measured with.
struct MeasurementOptions: ParsableArguments {
  @Option(help: "The network, by name; an unknown name lists them.")
  var network = "unet-resnet18"

  @Option(help: "Images in a batch.")
  var batch = 8

  @Option(help: "The side of an image in pixels (default: the network's own).")
  var size: Int?

  @Option(help: "Threads at work.")
  var threads = 1

  @Option(help: "Scales all channel counts.")
  var width = 1.0

  @Option(help: "Time so many steps, instead of --seconds.")
  var steps: Int?

  @Option(help: "Time steps for about so long.")
  var seconds = 6.0

  @Option(help: "Steps that are not timed, before the first that is.")
  var warmUp = 2

  @Flag(help: "Print exactly one JSON object.")
  var json = false

  func validate() throws {
    for (name, value) in [("batch", batch), ("threads", threads), ("size", size ?? 1)]
    where value < 1 {
      throw ValidationError("--\(name) is at least 1")
    }
    guard warmUp >= 0 else { throw ValidationError("--warm-up is at least 0") }
    guard steps.map({ $0 >= 1 }) ?? true else { throw ValidationError("--steps is at least 1") }
    guard width > 0 else { throw ValidationError("--width is more than 0") }
  }

  var span: Stopwatch.Span { steps.map { .steps($0) } ?? .seconds(seconds) }

  /// The network, ready.
  ///
  /// - Parameter threads: Others than those asked for.
  /// - Throws: A `ValidationError` that says which names there are.
  func trial(threads: Int? = nil) throws -> NetworkTrial {
    guard let name = NetworkName(rawValue: network) else {
      let names = NetworkName.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("no network is named `\(network)`; the networks are \(names)")
    }
    guard width == 1 || name.isScalable else {
      throw ValidationError("\(network) has one width: leave --width out")
    }
    return NetworkTrial(
      name, batch: batch, side: size, width: width, threads: threads ?? self.threads)
  }
}

/// One measurement, as it is printed.
///
/// `peak_bytes` is the largest resident memory from before the network was made to the end, less
/// `baseline_bytes`, what was resident at its beginning.
struct Measurement: Encodable {
  var work: String
  var network: String
  var batch: Int
  var size: Int
  var threads: Int
  /// Activations are NHWC here, always.
  var layout = "channels-last"
  /// Of each timed step, in order.
  var seconds: [Double]
  /// By the median step.
  var imagesPerSecond: Double
  var peakBytes: Int
  var baselineBytes: Int

  enum CodingKeys: String, CodingKey {
    case work
    case network
    case batch
    case size
    case threads
    case layout
    case seconds
    case imagesPerSecond = "images_per_second"
    case peakBytes = "peak_bytes"
    case baselineBytes = "baseline_bytes"
  }

  /// Makes the network, warms it up and times its steps.
  init(
    _ work: String, _ options: MeasurementOptions, step: (NetworkTrial) throws -> Void
  ) throws {
    ResidentMemory.resetPeak()
    baselineBytes = ResidentMemory.now
    let trial = try options.trial()
    seconds = try Stopwatch.time(options.span, warmUp: options.warmUp) { try step(trial) }
    self.work = work
    network = options.network
    batch = options.batch
    size = trial.side
    threads = options.threads
    imagesPerSecond = Double(options.batch) / Stopwatch.median(seconds)
    peakBytes = ResidentMemory.peak - baselineBytes
  }

  func report(asJSON: Bool) {
    print(
      asJSON
        ? JSON.text(self)
        : "\(network) \(work): \(fixed(imagesPerSecond, digits: 2)) images/s, "
          + "\(fixed(Double(peakBytes) / 1e6, digits: 0)) MB, \(seconds.count) steps, "
          + "\(threads) \(threads == 1 ? "thread" : "threads")")
  }
}
