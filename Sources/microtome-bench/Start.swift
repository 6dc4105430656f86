internal import Archives
internal import ArgumentParser
internal import Core
private import Glibc
internal import Networks

struct Start: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time from the start of a process to the start of its first training step.",
    discussion: """
      Each time a new process, with a worker's environment, reads an encoder's weights from a file, \
      which lies in the page cache, makes a U-Net over it at full width and is ready to train. \
      Verifying the file's digest is not part of it.
      """)

  @Option(help: "The U-Net's encoder.")
  var encoder = "resnet18"

  @Option(help: "Threads of the process.")
  var threads = 2

  @Option(help: "Processes to start.")
  var repeats = 11

  @Flag(help: "Print exactly one JSON object.")
  var json = false

  /// Where the weights are; given to the process that is timed.
  @Option(help: .hidden)
  var weights: String?

  func validate() throws {
    guard EncoderName(rawValue: encoder) != nil else {
      let names = EncoderName.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("no encoder is named `\(encoder)`; the encoders are \(names)")
    }
    guard repeats >= 1 else { throw ValidationError("--repeats is at least 1") }
    guard threads >= 1 else { throw ValidationError("--threads is at least 1") }
  }

  func run() throws {
    if let weights { return try becomeReady(weights) }
    let files = LocalFileSystem()
    let file = Path("/tmp/microtome-bench-\(getpid()).safetensors")
    defer { unlink(file.text) }
    let network = SegmentationNetwork(
      encoder: EncoderName(rawValue: encoder)!, encoderWidth: 1, seed: 1, replicate: 0)
    let state = network.exportState().filter { $0.name.hasPrefix("encoder.") }.map {
      ArchivedTensor(
        name: String($0.name.dropFirst("encoder.".count)), shape: $0.shape, values: $0.values)
    }
    try files.write(Safetensors.encode(state, metadata: [:]), to: file)
    // What workers' environment says of memory.
    let command =
      "GLIBC_TUNABLES=glibc.malloc.hugetlb=1 '\(CommandLine.arguments[0])' start --encoder \(encoder) --threads \(threads) "
      + "--weights \(file.text)"
    let seconds = (0..<repeats).map { _ in time(command) }
    let report = Report(encoder: encoder, threads: threads, seconds: seconds)
    print(
      json
        ? JSON.text(report)
        : "\(encoder): ready after \(fixed(report.median * 1e3, digits: 0)) ms, smallest "
          + "\(fixed(seconds.min()! * 1e3, digits: 0)), largest "
          + "\(fixed(seconds.max()! * 1e3, digits: 0)), \(repeats) processes")
  }

  /// Seconds until the process says a word.
  private func time(_ command: String) -> Double {
    let start = ContinuousClock.now
    guard let process = popen(command, "r") else { preconditionFailure("no process starts") }
    let word = fgetc(process)
    let elapsed = ContinuousClock.now - start
    pclose(process)
    precondition(word == Int32(UInt8(ascii: "r")), "the process ended before it was ready")
    return elapsed / .seconds(1)
  }

  private func becomeReady(_ weights: String) throws {
    let encoder = Meanwhile {
      try Safetensors.decode(LocalFileSystem().read(Path(weights))).tensors
    }
    let network = SegmentationNetwork(
      encoder: EncoderName(rawValue: self.encoder)!, encoderWidth: 1, firstValues: .decoder,
      seed: 1, replicate: 0, threads: threads)
    try network.loadEncoder(encoder.value())
    // Without the end of an ordinary program: it would be counted, and returns memory piece by piece.
    write(1, "ready\n", 6)
    _exit(0)
  }

  private struct Report: Encodable {
    var encoder: String
    var threads: Int
    var seconds: [Double]
    var median: Double { Stopwatch.median(seconds) }
  }
}
