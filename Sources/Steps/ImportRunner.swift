internal import Core
internal import Datasets
internal import Execution
internal import ManifestModel
internal import Planning
internal import Storage

/// Decodes, checks and indexes a dataset; every problem of its files is reported at once.
struct ImportRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let listing = try Tree(decoding: context.read(input: "listing"))
    let digests = Dictionary(uniqueKeysWithValues: listing.entries.map { ($0.name, $0.digest) })
    let root = try context.location("root")
    var writer = SplitWriter()
    var done = 0
    let problems = try DatasetImport.run(
      Self.request(context), files: listing.entries.map(\.name),
      read: { name in
        let bytes = try context.files.read(root / name)
        // The listing is the identity: a file that changed since must not enter under its name.
        guard SHA256.digest(of: bytes) == digests[name] else {
          throw StepFailure(
            "data.changed", "\(name) changed after it was listed", hint: "run the study again")
        }
        return bytes
      },
      emit: { sample in
        try writer.add(sample, in: context)
        done += 1
        context.progress(
          min(1, Double(2 * done) / Double(max(1, digests.count))), "image \(sample.id)")
      })
    for problem in problems where problem.severity == .warning {
      context.warn(problem.about)
    }
    let errors = problems.filter { $0.severity == .error }
    guard errors.isEmpty else {
      throw StepFailure(
        errors.map {
          .init(code: $0.code.name, message: $0.about, hint: $0.hint)
        })
    }
    try writer.finish(context)
  }

  private static func request(_ context: StepContext) -> DatasetRequest {
    let parameters = context.action.parameters
    let format: DatasetRequest.Format =
      switch DatasetFormat(rawValue: context.text("format"))! {
      case .glas: .glas
      case .imageMaskFolder: .imageMaskFolder
      case .imageFolder: .imageFolder
      case .syntheticTissue, .syntheticShapes:
        preconditionFailure("a generated dataset has no files to import")
      }
    return DatasetRequest(
      format: format, group: parameters["group"]?.text, stratify: parameters["stratify"]?.text,
      pixelSize: parameters["pixel_size"]?.number,
      layout: .init(
        images: parameters["folder.images"]?.text ?? ".",
        masks: parameters["folder.masks"]?.text ?? "masks",
        table: parameters["folder.table"]?.text,
        filePixelSize: parameters["folder.pixel_size"]?.number))
  }
}

extension DatasetProblem {
  /// The message with the file that it is about.
  fileprivate var about: String { file.isEmpty ? message : "\(file): \(message)" }
}
