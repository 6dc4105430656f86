internal import ArgumentParser
internal import Core
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Steps

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict objects in image files with trained weights, without a study.",
    discussion: """
      The weights are those of a training step of a study, or a published HoVer-Net checkpoint (fast or \
      original; a `.tar` of torch.save with the key `desc`, as it is downloaded):

        microtome show study.yaml gland/imagenet/n=all/r=1/train --extract trained
        microtome predict --weights trained/weights.safetensors --task gland-segmentation a.png --to out
        microtome predict --weights hovernet_fast_pannuke_type_tf2pytorch.tar *.png --to out

      Which network it is, is read off the file. Images have to be at the scale that it was trained at: \
      nothing is resampled. Writes the files that `export` writes, called like the images: 16-bit label \
      maps and QuPath GeoJSON.

      Windows are 256 pixels at a stride of 128. Of a published HoVer-Net they are the published ones: 256, \
      of which 164 are predicted (fast), or 270 and 80 (original), side by side.

      Exit codes: 0 done; 1 a prediction failed; 2 the weights, the images or the options do not fit; 3 a \
      file cannot be read or written.
      """)

  @Option(
    help: ArgumentHelp("The weights: safetensors, or what torch.save wrote.", valueName: "file"))
  var weights: String

  @Argument(help: "The images: PNG, TIFF or BMP.", completion: .file())
  var images: [String]

  @OptionGroup var output: ObjectFileOptions

  @Option(
    help: ArgumentHelp(
      "What the network was trained for, as in a manifest; needed where it predicts masks.",
      valueName: "task"),
    transform: Self.task)
  var task: Task?

  @Option(help: "The side of the square windows in pixels.")
  var window: Int?

  @Option(help: "The distance between windows in pixels.")
  var stride: Int?

  @Option(help: "The width that the network was trained with, where its shapes do not say it.")
  var width: Double?

  @Option(help: "The pixels of the smallest object; of masks.")
  var minimumSize = 1

  @Flag(help: "Count background inside an object as a part of it; of masks.")
  var fillHoles = false

  @Option(
    help: ArgumentHelp(
      "The names of the types 1, 2, ..., separated by commas.", valueName: "name,name"))
  var classes: String?

  @Option(help: "Micrometres a pixel, for areas; nothing is resampled.")
  var pixelSize: Double?

  @Flag(help: "Print exactly one JSON object to standard output.")
  var json = false

  private static func task(_ word: String) throws -> Task {
    if let task = Task(rawValue: word) { return task }
    let words = Task.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    throw ValidationError("`\(word)` is no task; there are \(words)")
  }

  func validate() throws {
    if minimumSize < 1 { throw ValidationError("--minimum-size is 1 or more") }
    for (name, value) in [("width", width), ("pixel-size", pixelSize)] {
      if let value, !(value > 0 && value.isFinite) {
        throw ValidationError("--\(name) is a number over 0")
      }
    }
  }

  func run() throws {
    try Machine.requireKernels()
    keepFreedMemory()
    let console = Console()
    let files = LocalFileSystem()
    let named = try namedImages()
    let bytes = try files.read(Session.absolute(weights))
    let predictor: ImagePredictor
    do throws(StepFailure) {
      predictor = try ImagePredictor(bytes, width: width, threads: Machine.cores)
    } catch {
      throw failure(error.problems[0].code, "\(weights): \(error)", error.problems[0].hint)
    }
    let style = try style(of: predictor)
    let side = window ?? predictor.usualWindow.side
    let step = stride ?? usualStride(of: predictor, window: side)
    if let problem = predictor.problem(window: side, stride: step) {
      throw failure("predict.window", problem.message, problem.hint)
    }
    let rule = ObjectRule(holes: fillHoles ? .filled : .kept, minimumSize: minimumSize)
    let written = try output.write(
      files, subject: weights, telling: json ? nil : console
    ) { write in
      for (id, file) in named {
        try write(
          predictor.objects(
            in: image(file, files), id: id, window: side, stride: step, rule: rule,
            pixelSize: pixelSize), style)
      }
    }
    guard json else { return }
    console.result(
      JSON.text(PredictShape(network: predictor.name, files: written.map(ObjectFileEntry.init))))
  }

  /// Images by the names of the files that they become; two of one name would replace each other.
  private func namedImages() throws -> [(id: String, file: String)] {
    var seen: [String: String] = [:]
    return try images.map { file in
      let path = Session.absolute(file)
      if let other = seen.updateValue(file, forKey: path.stem) {
        throw failure(
          "predict.same-name", "\(other) and \(file) would become files of one name",
          "predict them into directories of their own")
      }
      let results = output.format.formats.map {
        Session.absolute(output.to) / "\(path.stem).\($0.rawValue)"
      }
      if results.contains(path) {
        throw failure(
          "predict.overwrites", "the label map of \(file) would replace the image",
          "give another directory with --to")
      }
      return (path.stem, file)
    }
  }

  private func style(of predictor: ImagePredictor) throws -> ObjectStyle {
    let fitting = Task.allCases.filter { ($0.decoder == .unet) == predictor.predictsMasks }
    guard let task = task ?? (fitting.count == 1 ? fitting[0] : nil), fitting.contains(task) else {
      let words = fitting.map { "`--task \($0.rawValue)`" }.joined(separator: " or ")
      throw failure(
        "predict.task",
        task.map { "\(weights) holds \(predictor.name), which is not for \($0.rawValue)" }
          ?? "\(weights) holds \(predictor.name) and does not say what it segments",
        "give \(words)")
    }
    let names = classes?.split(separator: ",").map(String.init) ?? []
    guard classes == nil || names.count == predictor.types else {
      throw failure(
        "predict.classes",
        "\(names.count) classes are named and \(weights) tells \(predictor.types) types apart",
        predictor.types == 0 ? "remove --classes" : "name \(predictor.types), in their order")
    }
    return ObjectStyle(of: task, types: names)
  }

  /// The usual distance, in proportion where only the window is given.
  private func usualStride(of predictor: ImagePredictor, window: Int) -> Int {
    let (side, stride) = predictor.usualWindow
    // A published network cuts the same off every window; others overlap by half.
    return max(1, predictor.isPublished ? stride + window - side : window / 2)
  }

  private func image(_ file: String, _ files: LocalFileSystem) throws -> RGBImage {
    let bytes = try files.read(Session.absolute(file))
    do throws(ImageError) {
      return try ImageFile.rgb(bytes)
    } catch {
      var failure = failure(
        "predict.\(error.code.rawValue)", "\(file): \(error)", "give images as PNG, TIFF or BMP")
      failure.subject = file
      throw failure
    }
  }

  private func failure(_ code: String, _ message: String, _ hint: String?) -> CommandFailure {
    CommandFailure(status: 2, code: code, message: message, subject: weights, hint: hint)
  }
}
