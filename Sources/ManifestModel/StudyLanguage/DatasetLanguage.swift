internal import Core

/// The `datasets` of a manifest.
enum DatasetLanguage {
  /// One block for each format.
  static let dataset = Language<Dataset>.variants(blocks) { node, reading in
    guard let format = node["format"] else {
      if node.entries == nil {
        reading.wrongType(
          node, expected: "a mapping", hint: "write `{ format: ..., root: ... }`")
      } else if !reading.isPartial {
        reading.error(
          "manifest.missing-key", "\(reading.subject) needs the key `format`", at: node.location,
          hint: "add `format`, one of \(Suggestion.list(formats))")
      }
      return nil
    }
    return reading.within("format") { reading in
      Language<String>.word(of: format, among: formats, &reading)
        .flatMap { formats.firstIndex(of: $0) }
    }
  }

  private static let blocks: [(name: String, language: Language<Dataset>)] = [
    ("`glas`", glas.checked(check)),
    ("`crag`", PublishedLanguage.plain(.crag).checked(check)),
    (
      "`monuseg`",
      PublishedLanguage.columns(.monuseg, group: .patients, stratify: .sites).checked(check)
    ),
    (
      "`kumar`",
      PublishedLanguage.columns(.kumar, group: .patients, stratify: .sites).checked(check)
    ),
    ("`cpm15`", PublishedLanguage.plain(.cpm15).checked(check)),
    ("`cpm17`", PublishedLanguage.plain(.cpm17).checked(check)),
    ("`consep`", PublishedLanguage.consep.checked(check)),
    ("`tnbc`", PublishedLanguage.table(.tnbc).checked(check)),
    ("`pannuke`", PublishedLanguage.strata(.pannuke, .tissues).checked(check)),
    ("`lizard`", PublishedLanguage.strata(.lizard, .sources).checked(check)),
    ("`dsb2018`", PublishedLanguage.table(.dsb2018).checked(check)),
    ("`nucls`", PublishedLanguage.plain(.nucls).checked(check)),
    ("`image-mask-folder`", imageMaskFolder.checked(check)),
    ("`image-folder`", imageFolder.checked(check)),
    ("`synthetic-tissue`", synthetic(.syntheticTissue)),
    ("`synthetic-shapes`", synthetic(.syntheticShapes)),
  ]

  private static let formats = DatasetFormat.allCases.map(\.rawValue)

  private static let glas = Language<Dataset>.object(
    "glas-dataset", format(.glas), root,
    .optional(
      "group", .words(["patient"], ["the patients of `Grade.csv`"]),
      "What subsets and hold-outs keep together; absent: each image is its own group."),
    .optional(
      "stratify", .words(["grade"], ["the grades of `Grade.csv`"]),
      "The column whose balance every subset keeps."),
    pixelSize, digest, leakage
  ) { _, format, root, group, stratify, pixelSize, digest, leakage in
    Dataset(
      name: Located(""), format: format, root: root, group: group, stratify: stratify,
      pixelSize: pixelSize, digest: digest, reading: ReadingOptions(leakage: leakage))
  }

  private static let imageMaskFolder = Language<Dataset>.object(
    "image-mask-folder-dataset", format(.imageMaskFolder), root, group, stratify, pixelSize,
    digest, images, masks, table, splitBy, filePixelSize, mask, classes, leakage,
    make: maskFolder)

  // A function, because a closure of as many parameters takes the compiler minutes.
  private static func maskFolder(
    _: SourceLocation, format: Located<DatasetFormat>, root: Located<Path>,
    group: Located<String>?, stratify: Located<String>?, pixelSize: Located<Double>?,
    digest: Located<Digest>?, images: Located<String>, masks: Located<String>,
    table: Located<String>?, splitBy: Located<String>?, filePixelSize: Located<Double>?,
    mask: Located<MaskKind>?, classes: [Located<String>]?, leakage: Located<Leakage>?
  ) -> Dataset? {
    Dataset(
      name: Located(""), format: format, root: root, group: group, stratify: stratify,
      pixelSize: pixelSize, digest: digest,
      folder: FolderLayout(
        images: images, masks: masks, table: table, filePixelSize: filePixelSize),
      reading: ReadingOptions(
        splitColumn: splitBy, leakage: leakage, mask: mask, classes: classes ?? []))
  }

  private static let images: Key<Located<String>> = .standard(
    "images", .text, "images", "The folder of images below the root.")

  private static let masks: Key<Located<String>> = .standard(
    "masks", .text, "masks", "The folder of masks below the root, paired by stem.")

  private static let mask: Key<Located<MaskKind>?> = .optional(
    "mask", .word(MaskKind.self), "What a mask's values mean; absent: `any`.")

  private static let classes: Key<[Located<String>]?> = .optional(
    "classes", .list(of: .text), "The names of the classes 1, 2, ..., for `mask: classes`.")

  private static let imageFolder = Language<Dataset>.object(
    "image-folder-dataset", format(.imageFolder), root, group, stratify, pixelSize, digest,
    allImages, table, filePixelSize, leakage, make: plainFolder)

  private static func plainFolder(
    block: SourceLocation, format: Located<DatasetFormat>, root: Located<Path>,
    group: Located<String>?, stratify: Located<String>?, pixelSize: Located<Double>?,
    digest: Located<Digest>?, images: Located<String>, table: Located<String>?,
    filePixelSize: Located<Double>?, leakage: Located<Leakage>?
  ) -> Dataset? {
    Dataset(
      name: Located(""), format: format, root: root, group: group, stratify: stratify,
      pixelSize: pixelSize, digest: digest,
      folder: FolderLayout(
        images: images, masks: Located("masks", at: block), table: table,
        filePixelSize: filePixelSize), reading: ReadingOptions(leakage: leakage))
  }

  private static let allImages: Key<Located<String>> = .standard(
    "images", .text, ".", "The folder of images below the root.")

  private static func synthetic(_ word: DatasetFormat) -> Language<Dataset> {
    .object(
      "\(word.rawValue)-dataset", format(word),
      .required("images", splits, "How many images each split holds: `{ train: 32, test: 16 }`."),
      .standard(
        "size", .integer(32...2048, multipleOf: 32), "128",
        "The side of each square image in pixels."),
      seed,
      .standard(
        "scanner", .integer(0...9), "0",
        "0 is the reference scanner; others shift stain, brightness, blur and noise."),
      .standard(
        "images_per_patient", .integer(1...1000), "2", "How many images each patient contributes.")
    ) { _, format, splits, size, seed, scanner, imagesPerPatient in
      Dataset(
        name: Located(""), format: format,
        synthesis: Synthesis(
          splits: splits, size: size, seed: seed, scanner: scanner,
          imagesPerPatient: imagesPerPatient))
    }
  }

  /// What one format's keys mean together.
  private static func check(_ dataset: Dataset, _ node: YAMLNode, _ reading: inout Reading) {
    let options = dataset.reading
    if let size = dataset.pixelSize, !dataset.knowsPixelSize {
      reading.error(
        "manifest.unknown-pixel-size",
        "resampling to \(shortestDecimal(size.value)) µm needs the pixel size of the files",
        at: size.location, hint: "add `file_pixel_size`, in micrometres")
    }
    if let mask = options.mask, mask.value == .classes, options.classes.isEmpty {
      reading.error(
        "manifest.no-classes", "masks of classes need the names of the classes", at: mask.location,
        hint: "add `classes: [first, second]`, the names of the values 1, 2, ...")
    }
    if let first = options.classes.first, options.mask?.value != .classes {
      reading.error(
        "manifest.no-classes", "the masks' values are no classes", at: first.location,
        hint: "add `mask: classes`, or remove `classes`")
    }
    guard dataset.folder?.table == nil && options.table == nil else { return }
    let own = dataset.format.value == .tnbc ? ["patient"] : []
    let needsTable = dataset.folder != nil || dataset.format.value.fixedSplits == nil
    guard needsTable else { return }
    for column in [dataset.group, dataset.stratify, options.splitColumn].compactMap(\.self)
    where !own.contains(column.value) {
      reading.error(
        "manifest.no-table", "the column `\(column.value.excerpt)` needs a table",
        at: column.location, hint: "add `table`, a CSV file below the root")
    }
  }
}

// The keys that several formats share.
extension DatasetLanguage {
  static func format(_ word: DatasetFormat) -> Key<Located<DatasetFormat>> {
    .required(
      "format",
      Language(schema: .scalar(["const": .text(word.rawValue)])) { node, _ in
        Located(word, at: node.location)
      }, "What the images are: \(word.summary).")
  }

  static let root = Key.required(
    "root", .path,
    "The folder of the files, relative to this manifest; where data lie is no part of a study.")

  static let group = Key.optional(
    "group", .text,
    "The column that names the patient, kept together; absent: each image is its own group.")

  static let stratify = Key.optional(
    "stratify", .text, "The column whose balance every subset keeps.")

  static let pixelSize = Key.optional(
    "pixel_size", micrometres,
    "The pixel size to resample to on import, in micrometres; absent: the files' own.")

  static let digest = Key.optional(
    "digest", .digest, "The SHA-256 that the listing of the files must have; `plan` prints it.")

  static let table = Key.optional(
    "table", .text,
    "A CSV file below the root with the columns `stem` and `split`, and any others.")

  static let filePixelSize = Key.optional(
    "file_pixel_size", micrometres, "The pixel size of the files in micrometres.")

  static let splitBy = Key.optional(
    "split_by", .text, "The table's column whose values are the splits; absent: `split`.")

  static let leakage = Key.optional(
    "leakage", .word(Leakage.self),
    "What an image that is there twice or is trained on and tested on, or a patient in two splits,"
      + " means; absent: `warn`.")

  private static let micrometres = Language<Located<Double>>.number(
    NumberRange(lower: 0, upper: 100, excludesLower: true))

  private static let seed = Key(
    property: .init(
      name: "seed", schema: StudyLanguage.seed.schema,
      description: "What is drawn depends on it; the study's seed unless given.",
      isRequired: false, standard: nil),
    read: StudyLanguage.seed.read,
    absent: { block, reading in Located(reading.studySeed, at: block) })

  private static let splits = Language<[Synthesis.Split]>.named(
    .integer(1...1_000_000)
  ) { name, count, _ in Synthesis.Split(name: name, count: count) }
}

extension Language where Value == Located<Digest> {
  /// A whole SHA-256.
  static var digest: Language {
    let digits = Language<Located<String>>.hexadecimal(64...64)
    return Language(schema: digits.schema) { node, reading in
      digits.read(node, &reading).flatMap { Digest(hex: $0.value) }
        .map { Located($0, at: node.location) }
    }
  }
}
