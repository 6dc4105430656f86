import Foundation
import Testing

/// The built program in a directory of its own, run as a user would run it.
struct Program {
  let directory: URL

  /// What one run of the program gave.
  struct Outcome {
    var status: Int32
    var output: String
    var error: String
    var json: [String: Any] {
      let object = try? JSONSerialization.jsonObject(with: Data(output.utf8))
      return object as? [String: Any] ?? [:]
    }
  }

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appending(path: "microtome-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  /// Removes the directory; a failed test leaves its own behind.
  func clean() { try? FileManager.default.removeItem(at: directory) }

  /// The program stands beside the test bundle, whose executable is this process.
  static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "microtome")

  /// - Parameters:
  ///   - environment: What the program finds beside a path.
  ///   - through: A command that starts the one that follows it, such as `setpriv`.
  func start(
    _ arguments: [String], environment: [String: String] = [:], through: [String] = []
  ) throws -> (Process, output: URL, error: URL) {
    let name = UUID().uuidString
    let output = directory.appending(path: ".out-\(name)")
    let error = directory.appending(path: ".err-\(name)")
    for file in [output, error] { try Data().write(to: file) }
    let process = Process()
    let words = through + [Self.executable.path] + arguments
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    process.currentDirectoryURL = directory
    // The manifest's directory is the root: the temporary directory holds no `.git`.
    process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return (process, output, error)
  }

  func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

  func run(_ arguments: [String], through: [String] = []) throws -> Outcome {
    let (process, output, error) = try start(arguments, through: through)
    process.waitUntilExit()
    return try outcome(of: process, output, error)
  }

  func outcome(of process: Process, _ output: URL, _ error: URL) throws -> Outcome {
    Outcome(
      status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
      error: try String(contentsOf: error, encoding: .utf8))
  }

  func write(_ text: String, to name: String) throws {
    let file = directory.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// Writes a 24-bit bitmap of 64 x 64 pixels, uniform but for a square of 16 in its middle.
  func write(bitmap value: UInt8, square: UInt8? = nil, to name: String) throws {
    let middle = 24..<40
    try write(bitmap: 64, to: name) { x, y in
      middle ~= x && middle ~= y ? square ?? value : value
    }
  }

  /// Writes a grey bitmap of 24 bits.
  ///
  /// - Parameter side: Of the square, in pixels: a multiple of 4 up to 252.
  func write(bitmap side: Int, to name: String, pixel: (_ x: Int, _ y: Int) -> UInt8) throws {
    let length = UInt8(side)
    var bytes: [UInt8] = Array("BM".utf8) + [UInt8](repeating: 0, count: 8) + [54, 0, 0, 0]
    bytes += [40, 0, 0, 0, length, 0, 0, 0, length, 0, 0, 0, 1, 0, 24, 0]
    bytes += [UInt8](repeating: 0, count: 24)
    // The bottom row comes first.
    for y in (0..<side).reversed() {
      for x in 0..<side { bytes += [UInt8](repeating: pixel(x, y), count: 3) }
    }
    let file = directory.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  func read(_ name: String) throws -> String {
    try String(contentsOf: directory.appending(path: name), encoding: .utf8)
  }

  /// Runs a study and gives the ids of the steps that were executed.
  func execute(_ manifest: String, as name: String = "study.yaml") throws -> Set<String> {
    try write(manifest, to: name)
    let outcome = try run("run", name, "--json", "--events", "events.ndjson")
    #expect(outcome.status == 0, "\(outcome.error)")
    let lines = try read("events.ndjson").split(separator: "\n")
    let finished = lines.compactMap { line -> String? in
      let event = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return event?["event"] as? String == "finished" ? event?["step"] as? String : nil
    }
    let steps = outcome.json["steps"] as? [String: Int]
    #expect(steps?["executed"] == finished.count)
    return Set(finished)
  }

  /// Every object behind a step of the lock file, by step.
  func digests(_ study: String = "tiny") throws -> String {
    try read("results/\(study)/study.lock.json")
  }
}

/// A study small enough to run in seconds, with every kind of step that needs no files.
enum TinyStudy {
  static let manifest = """
    microtome: 1
    study: tiny
    question: Does one beat the other?
    seed: 7
    datasets:
      tissue: { format: synthetic-tissue, images: { train: 8, test: 2 }, size: 64, seed: 1 }
      twin: { format: synthetic-tissue, images: { test: 2 }, size: 64, seed: 2, scanner: 1 }
      shapes: { format: synthetic-shapes, images: { train: 4 }, size: 64, seed: 3 }
    initializations:
      random: {}
      shapes:
        pretrain:
          method: barlow-twins
          dataset: shapes
          augmentation: natural
          training: { patch: 32, batch: 4, steps: 2 }
    experiments:
      gland:
        task: gland-segmentation
        model: { encoder: resnet18, decoder: unet, width: 0.125 }
        dataset: tissue
        subset_sizes: [2, 4]
        initialization: [shapes, random]
        replicates: 2
        training: { patch: 32, batch: 2, steps: 3, optimizer: { adam: { learning_rate: 1.0e-3 } } }
        selection: { holdout: 50%, metric: dice, every: 2 }
        inference: { window: 64, stride: 64 }
        test: [tissue/test]
        out_of_domain: [twin/test]
        metrics: [dice]
    comparisons:
      - { experiment: gland, candidate: shapes, baseline: random, metric: dice }
    results: { overlays: false }

    """

  /// The manifest with one piece of text replaced; the piece has to be there.
  static func with(_ text: String, _ replacement: String) -> String {
    precondition(manifest.contains(text), "the tiny study has no `\(text)`")
    return manifest.replacingOccurrences(of: text, with: replacement)
  }
}

extension Set<String> {
  /// The ids whose last word, or the word before a test set, is a kind of work.
  func of(_ kind: String) -> Set<String> {
    filter { $0.split(separator: "/").contains(Substring(kind)) }
  }
}

/// Suites that start the program: one after the other, since each uses all cores.
@Suite("The program", .serialized)
enum ProgramTests {}
