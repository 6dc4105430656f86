internal import ArgumentParser
internal import Core
internal import Execution
internal import Planning
internal import Steps
internal import Storage

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a step's predicted objects as PNG label maps and QuPath GeoJSON.",
    discussion: """
      For each image of a predicting step that is done:

        IMAGE.png       16-bit grey; a pixel is the number of its object, 0 is background
        IMAGE.geojson   one feature for each object, for QuPath 0.5 and 0.6 (drag it onto the image)

        microtome export study.yaml gland/imagenet/n=8/r=1/predict/crag --to out

      Both are on the pixels of the image file, so that they lie on it wherever it is opened. Where the \
      study resamples the dataset (`pixel_size:`), outlines are scaled back and the map takes the \
      nearest predicted pixel; the files are read again for their sizes.

      Masks fall into objects by the experiment's `objects:` rule, single nuclei are taken as predicted. \
      Nuclei and cells are detections, glands annotations; the class is the predicted type under the \
      training set's name for it, else Nucleus, Cell or Gland. Each object has its number in the map, \
      its area in square pixels, in square micrometres where the pixel size is known, and its centroid.
      """)

  @OptionGroup var options: StepOptions
  @OptionGroup var output: ObjectFileOptions

  func run() throws {
    let session = try Session(options.study)
    let step = try predictingStep(in: session)
    let externals = try session.scan()
    let resolution = try session.resolve(externals)
    guard resolution.record(of: step.id) != nil else {
      throw CommandFailure(
        status: 1, code: "not-run", message: "\(step.id) has no predictions: it is not done",
        subject: step.id.text, hint: "run `microtome run \(options.study.manifest)`")
    }
    let written = try output.write(
      session.files, subject: step.id.text, telling: options.study.json ? nil : session.console
    ) { write in
      let export = try StudyExport(
        of: step, in: session.study, plan: session.plan, resolution: resolution,
        externals: externals, store: session.workspace.store, files: session.files)
      try export.forEachImage { try write($0, export.style) }
    }
    guard options.study.json else { return }
    session.console.result(
      JSON.text(ExportShape(id: step.id.text, files: written.map(ObjectFileEntry.init))))
  }

  private func predictingStep(in session: Session) throws -> Step {
    let step = try session.step(options.step)
    guard step.kind != .predict else { return step }
    // The steps of the same cell, or else of the same experiment or dataset.
    let cell = step.id.text.split(separator: "/").dropLast(step.kind == .train ? 1 : 2)
    let predictions = session.plan.steps.filter { $0.kind == .predict }.map(\.id.text)
    let near = predictions.filter { $0.hasPrefix(cell.joined(separator: "/") + "/") }
    let shown = (near.isEmpty ? predictions : near).prefix(3).map { "`\($0)`" }
    throw CommandFailure(
      status: 2, code: "export.not-a-prediction",
      message: "\(step.id) is a step of kind `\(step.kind.rawValue)` and predicts nothing",
      subject: step.id.text,
      hint: "name a predicting step, such as \(shown.joined(separator: ", "))")
  }
}

/// Where files of objects go and of which kinds they are.
struct ObjectFileOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Write the files under this directory.", valueName: "directory"))
  var to: String

  @Option(help: ArgumentHelp("Which files, separated by commas.", valueName: "png,geojson"))
  var format = ObjectFormats(formats: PredictionFiles.Format.allCases)

  /// Writes what `body` hands over, and turns what goes wrong into a failure with its cause.
  ///
  /// - Parameters:
  ///   - subject: What the objects are of: a step, or a weight file.
  ///   - console: Where each file is told as soon as it is written; `nil` for nowhere.
  func write(
    _ files: any FileSystem, subject: String, telling console: Console?,
    _ body: (_ write: (PredictedObjects, ObjectStyle) throws -> Void) throws -> Void
  ) throws -> [PredictionFiles.Written] {
    var written: [PredictionFiles.Written] = []
    do {
      try body { objects, style in
        do throws(FileError) {
          let done = try PredictionFiles(
            in: Session.absolute(to), formats: format.formats, style: style, files: files
          ).write(objects)
          written += done
          for file in done {
            console?.result("\(file.image)\t\(file.objects) objects\t\(file.path)")
          }
        } catch {
          var failure = CommandFailure(error)
          failure.hint = "give a directory that can be written with --to"
          throw failure
        }
      }
    } catch let error as StepFailure {
      let first = error.problems[0]
      throw CommandFailure(
        status: 1, code: first.code, message: error.description, subject: subject, hint: first.hint)
    }
    return written
  }
}

/// Kinds of files as the command line names them: `png,geojson`.
struct ObjectFormats: ExpressibleByArgument {
  var formats: [PredictionFiles.Format]

  init(formats: [PredictionFiles.Format]) { self.formats = formats }

  init?(argument: String) {
    let words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let named = words.compactMap(PredictionFiles.Format.init)
    guard named.count == words.count else { return nil }
    formats = PredictionFiles.Format.allCases.filter(named.contains)
  }

  var defaultValueDescription: String {
    formats.map(\.rawValue).joined(separator: ",")
  }
}
