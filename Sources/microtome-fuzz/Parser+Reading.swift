internal import Archives
internal import Core
internal import Datasets
internal import Imaging
internal import ManifestModel

extension Parser {
  /// Reads bytes as the program would.
  ///
  /// Traps where a promise is broken: a parser may refuse anything, but what it accepts or says has
  /// the form that its callers rely on.
  ///
  /// - Returns: Whether the bytes were accepted.
  func accepts(_ bytes: [UInt8]) -> Bool {
    switch self {
    case .manifest: Self.readManifest(bytes)
    case .table: Self.readTable(bytes)
    case .png, .bmp, .tiff: Self.readImage(bytes)
    case .safetensors, .torchZip, .torchLegacy, .torchTar: Self.readWeights(bytes)
    case .npy: Self.readArray(bytes)
    case .mat: Self.readVariables(bytes)
    case .aperio: Self.readAnnotation(bytes)
    }
  }

  private static func readManifest(_ bytes: [UInt8]) -> Bool {
    let files = MemoryFileSystem()
    do {
      try files.createDirectory("/study/manifests")
      try files.write(base, to: "/study/manifests/base.yaml")
      try files.write(bytes, to: "/study/manifests/mutant.yaml")
    } catch { preconditionFailure("the file system in memory: \(error)") }
    do {
      let manifest = try ManifestLoader(files: files)
        .load("/study/manifests/mutant.yaml", displayedAs: "mutant.yaml")
      precondition(!manifest.study.canonical.encoded.isEmpty, "a study without an identity")
      precondition(manifest.warnings.allSatisfy { $0.severity == .warning }, "an error let pass")
      return true
    } catch {
      let found = error.diagnostics
      precondition(found.contains { $0.severity == .error }, "refused without an error")
      precondition(
        found.allSatisfy { $0.location != nil && $0.hint != nil }, "an error without place or hint")
      precondition(error.rendered.count == found.count, "an error that cannot be shown")
      return false
    }
  }

  /// What a manifest that says `extends: base.yaml` gets.
  private static let base = Array(ManifestTemplate.text(named: "base").utf8)

  private static func readTable(_ bytes: [UInt8]) -> Bool {
    let request = DatasetRequest(
      format: .imageFolder, group: "patient", stratify: "grade", pixelSize: nil,
      layout: .init(images: "images", masks: "masks", table: "table.csv", filePixelSize: nil))
    let image = PNG.encode(grey: [UInt8](repeating: 0, count: 64), width: 8, height: 8)
    var samples = 0
    do {
      let problems = try DatasetImport.run(
        request, files: ["images/a.png", "images/b.png", "table.csv"],
        read: { $0 == "table.csv" ? bytes : image }, emit: { _ in samples += 1 })
      precondition(samples <= 2, "more samples than images")
      return !problems.contains { $0.severity == .error }
    } catch { preconditionFailure("nothing throws here: \(error)") }
  }

  private static func readImage(_ bytes: [UInt8]) -> Bool {
    let image = try? ImageFile.rgb(bytes)
    if let image {
      precondition(image.width * image.height <= ImageFile.maximumPixels, "larger than the limit")
      precondition(image.pixels.count == 3 * image.width * image.height, "pixels are missing")
    }
    if let labels = try? ImageFile.labels(bytes) {
      precondition(labels.labels.count == labels.width * labels.height, "labels are missing")
    }
    return image != nil
  }

  private static func readWeights(_ bytes: [UInt8]) -> Bool {
    guard let file = try? WeightFile.decode(bytes) else { return false }
    let elements = file.tensors.reduce(0) { $0 + $1.values.count }
    precondition(elements <= 4 * bytes.count, "more elements than the file accounts for")
    return true
  }

  private static func readArray(_ bytes: [UInt8]) -> Bool {
    if let pickled = try? PickledArrays.decode(bytes) {
      let elements = pickled.arrays.values.reduce(0) { $0 + $1.integers.count }
      precondition(elements <= bytes.count, "more elements than bytes")
      return true
    }
    _ = try? NPY.bytes(of: bytes)
    _ = try? NPY.words(of: bytes)
    guard let array = try? NPY.decode(bytes) else { return false }
    precondition(array.count <= bytes.count, "more elements than bytes")
    _ = try? array.integers()
    _ = try? array.numbers()
    _ = try? array.texts()
    return true
  }

  private static func readAnnotation(_ bytes: [UInt8]) -> Bool {
    let image = PNG.encode(grey: [UInt8](repeating: 0, count: 1024), width: 32, height: 32)
    do {
      let problems = try DatasetImport.run(
        DatasetRequest(format: .monuseg), files: ["a.tif", "a.xml"],
        read: { $0 == "a.xml" ? bytes : image },
        emit: { precondition($0.labels?.labels.count == 1024, "labels are missing") })
      return !problems.contains { $0.severity == .error }
    } catch { preconditionFailure("nothing throws here: \(error)") }
  }

  private static func readVariables(_ bytes: [UInt8]) -> Bool {
    guard let file = try? MATFile.decode(bytes) else { return false }
    for array in file.arrays {
      precondition(array.columnMajor.count <= MATArray.mostElements, "larger than the limit")
      _ = try? array.integerRows()
    }
    return true
  }
}
