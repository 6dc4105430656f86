internal import Core

/// The blocks of published formats, which differ only in what is known of their images.
enum PublishedLanguage {
  /// A column that a format has without a table.
  struct Column {
    var word: String
    var meaning: String
    static let patients = Column(word: "patient", meaning: "the patients that the names tell")
    static let sites = Column(word: "site", meaning: "the sites that TCGA's names tell")
    static let tissues = Column(word: "tissue", meaning: "the tissues of `types.npy`")
    static let sources = Column(word: "source", meaning: "the sources of `info.csv`")
  }

  /// A format of which neither patients nor strata are known.
  static func plain(_ word: DatasetFormat) -> Language<Dataset> {
    .object(
      "\(word.rawValue)-dataset", DatasetLanguage.format(word), DatasetLanguage.root,
      DatasetLanguage.pixelSize, filePixelSize, DatasetLanguage.digest, DatasetLanguage.leakage
    ) { _, format, root, pixelSize, filePixelSize, digest, leakage in
      Dataset(
        name: Located(""), format: format, root: root, pixelSize: pixelSize, digest: digest,
        reading: ReadingOptions(filePixelSize: filePixelSize, leakage: leakage))
    }
  }

  /// CoNSeP, whose classes can be merged.
  static let consep = Language<Dataset>.object(
    "consep-dataset", DatasetLanguage.format(.consep), DatasetLanguage.root,
    DatasetLanguage.pixelSize, filePixelSize, DatasetLanguage.digest, DatasetLanguage.leakage,
    .optional("classes", .word(ClassMerge.self), "Which classes are told apart; absent: `merged`.")
  ) { _, format, root, pixelSize, filePixelSize, digest, leakage, classes in
    Dataset(
      name: Located(""), format: format, root: root, pixelSize: pixelSize, digest: digest,
      reading: ReadingOptions(
        filePixelSize: filePixelSize, leakage: leakage, classMerge: classes))
  }

  /// A format whose strata are known.
  static func strata(_ word: DatasetFormat, _ stratify: Column) -> Language<Dataset> {
    .object(
      "\(word.rawValue)-dataset", DatasetLanguage.format(word), DatasetLanguage.root,
      self.stratify(stratify), DatasetLanguage.pixelSize, filePixelSize, DatasetLanguage.digest,
      DatasetLanguage.leakage
    ) { _, format, root, stratify, pixelSize, filePixelSize, digest, leakage in
      Dataset(
        name: Located(""), format: format, root: root, stratify: stratify, pixelSize: pixelSize,
        digest: digest, reading: ReadingOptions(filePixelSize: filePixelSize, leakage: leakage))
    }
  }

  /// A format whose patients and strata are known.
  static func columns(
    _ word: DatasetFormat, group: Column, stratify: Column
  ) -> Language<Dataset> {
    .object(
      "\(word.rawValue)-dataset", DatasetLanguage.format(word), DatasetLanguage.root,
      .optional(
        "group", .words([group.word], [group.meaning]),
        "What subsets and hold-outs keep together; absent: each image is its own group."),
      self.stratify(stratify), DatasetLanguage.pixelSize, filePixelSize, DatasetLanguage.digest,
      DatasetLanguage.leakage
    ) { _, format, root, group, stratify, pixelSize, filePixelSize, digest, leakage in
      Dataset(
        name: Located(""), format: format, root: root, group: group, stratify: stratify,
        pixelSize: pixelSize, digest: digest,
        reading: ReadingOptions(filePixelSize: filePixelSize, leakage: leakage))
    }
  }

  /// A format without splits of its own, which a table can give.
  static func table(_ word: DatasetFormat) -> Language<Dataset> {
    .object(
      "\(word.rawValue)-dataset", DatasetLanguage.format(word), DatasetLanguage.root,
      DatasetLanguage.group, DatasetLanguage.stratify, DatasetLanguage.pixelSize, filePixelSize,
      DatasetLanguage.digest, DatasetLanguage.table, DatasetLanguage.splitBy,
      DatasetLanguage.leakage, make: withTable)
  }

  // A function, because a closure of as many parameters takes the compiler minutes.
  private static func withTable(
    _: SourceLocation, format: Located<DatasetFormat>, root: Located<Path>,
    group: Located<String>?, stratify: Located<String>?, pixelSize: Located<Double>?,
    filePixelSize: Located<Double>?, digest: Located<Digest>?, table: Located<String>?,
    splitBy: Located<String>?, leakage: Located<Leakage>?
  ) -> Dataset? {
    Dataset(
      name: Located(""), format: format, root: root, group: group, stratify: stratify,
      pixelSize: pixelSize, digest: digest,
      reading: ReadingOptions(
        filePixelSize: filePixelSize, table: table, splitColumn: splitBy, leakage: leakage))
  }

  /// As of folders, but the format may know better.
  private static let filePixelSize = DatasetLanguage.filePixelSize

  private static func stratify(_ column: Column) -> Key<Located<String>?> {
    .optional(
      "stratify", .words([column.word], [column.meaning]),
      "The column whose balance every subset keeps.")
  }
}
