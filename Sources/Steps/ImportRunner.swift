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
    let request = DatasetRequest(context.action.parameters)
    var writer = SplitWriter(classes: request.classes)
    var done = 0
    let files = ListedFiles(root: root, digests: digests, files: context.files)
    let problems = try DatasetImport.run(
      request, files: listing.entries.map(\.name), read: files.read, readPart: files.readPart,
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
    for line in writer.summary { context.note(line) }
    try writer.finish(context)
  }
}

extension DatasetRequest {
  /// What an importing step asks for.
  init(_ parameters: [String: CanonicalValue]) {
    self.init(
      format: Format(parameters["format"]!.text.flatMap(DatasetFormat.init)!),
      group: parameters["group"]?.text, stratify: parameters["stratify"]?.text,
      pixelSize: parameters["pixel_size"]?.number,
      layout: .init(
        images: parameters["folder.images"]?.text ?? ".",
        masks: parameters["folder.masks"]?.text ?? "masks",
        table: parameters["folder.table"]?.text ?? parameters["table"]?.text,
        splitColumn: parameters["split_by"]?.text,
        mask: MaskKind(parameters["mask"]?.text.flatMap(ManifestModel.MaskKind.init) ?? .any),
        classes: parameters["classes"]?.list?.compactMap(\.text) ?? [],
        filePixelSize: parameters["folder.pixel_size"]?.number
          ?? parameters["file_pixel_size"]?.number),
      mergesClasses: parameters["class_merge"]?.text != ClassMerge.all.rawValue,
      refusesLeakage: parameters["leakage"]?.text == Leakage.refuse.rawValue)
  }
}

extension DatasetRequest.Format {
  fileprivate init(_ word: DatasetFormat) {
    self =
      switch word {
      case .glas: .glas
      case .crag: .crag
      case .monuseg: .monuseg
      case .kumar: .kumar
      case .cpm15: .cpm15
      case .cpm17: .cpm17
      case .consep: .consep
      case .tnbc: .tnbc
      case .pannuke: .pannuke
      case .lizard: .lizard
      case .dsb2018: .dsb2018
      case .nucls: .nucls
      case .imageMaskFolder: .imageMaskFolder
      case .imageFolder: .imageFolder
      case .syntheticTissue, .syntheticShapes:
        preconditionFailure("a generated dataset has no files to import")
      }
  }
}

extension DatasetRequest.MaskKind {
  fileprivate init(_ word: ManifestModel.MaskKind) {
    self =
      switch word {
      case .any: .any
      case .binary: .binary
      case .instances: .instances
      case .classes: .classes
      }
  }
}

extension DatasetProblem {
  /// The message with the file that it is about.
  fileprivate var about: String { file.isEmpty ? message : "\(file): \(message)" }
}
