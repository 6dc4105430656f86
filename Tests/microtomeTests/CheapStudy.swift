import Foundation

/// A study whose steps take milliseconds each, over generated tissue and a folder of files.
enum CheapStudy {
  static let manifest = """
    microtome: 1
    study: cheap
    question: Does one beat the other?
    seed: 7
    datasets:
      tissue: { format: synthetic-tissue, images: { train: 4, test: 1 }, size: 32, seed: 1 }
      files: { format: image-mask-folder, root: data, table: table.csv }
    initializations:
      random: {}
      half: { normalization: half }
    experiments:
      gland:
        task: gland-segmentation
        model: { encoder: resnet18, decoder: unet, width: 0.0625 }
        dataset: tissue
        subset_sizes: [2]
        initialization: [half, random]
        replicates: 1
        training: { patch: 32, batch: 1, steps: 1, optimizer: { adam: { learning_rate: 1.0e-3 } } }
        selection: last
        inference: { window: 32, stride: 32 }
        test: [tissue/test]
        out_of_domain: [files/test]
        metrics: [dice]
    comparisons:
      - { experiment: gland, candidate: half, baseline: random, metric: dice }
    results: { overlays: false }

    """

  static let steps = 16

  /// The study in a directory of its own, not run yet.
  static func program() throws -> Program {
    let program = try Program()
    try program.write(bitmap: 90, to: "data/images/a.bmp")
    try program.write(bitmap: 255, to: "data/masks/a.bmp")
    try program.write("stem,split\na,test\n", to: "data/table.csv")
    try program.write(manifest, to: "study.yaml")
    return program
  }

  /// The study after an undisturbed run; made once, to be copied.
  static let finished: Result<Program, any Error> = Result {
    let program = try CheapStudy.program()
    _ = try program.execute(manifest)
    return program
  }

  /// The lock file of an undisturbed run.
  static func lock() throws -> String { try finished.get().digests("cheap") }
}

extension Program {
  /// The same files in another directory.
  func copy() throws -> Program {
    let copy = try Program()
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.path)
    where !name.hasPrefix(".out") && !name.hasPrefix(".err") {
      try FileManager.default.copyItem(
        at: directory.appending(path: name), to: copy.directory.appending(path: name))
    }
    return copy
  }

  /// The paths of all files below a directory of the store, in order.
  func stored(_ folder: String) throws -> [String] {
    let base = ".microtome/\(folder)"
    let below = try FileManager.default.subpathsOfDirectory(
      atPath: directory.appending(path: base).path)
    return below.map { "\(base)/\($0)" }.filter {
      var isDirectory: ObjCBool = false
      let path = directory.appending(path: $0).path
      return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        && !isDirectory.boolValue
    }.sorted()
  }

  /// What `verify` finds.
  func findings(_ arguments: String...) throws -> (status: Int32, [[String: Any]]) {
    let outcome = try run(["verify", "study.yaml", "--json"] + arguments)
    return (outcome.status, outcome.json["findings"] as? [[String: Any]] ?? [])
  }
}
