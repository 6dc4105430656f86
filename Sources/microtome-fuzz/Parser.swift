internal import Core

/// The parsers that read files of strangers.
enum Parser: String, CaseIterable {
  case manifest
  case table
  case png
  case bmp
  case tiff
  case safetensors
  case torchZip = "torch-zip"
  case torchLegacy = "torch-legacy"
  case torchTar = "torch-tar"
  case npy
  case mat
  case aperio

  /// Folders and endings of the sound files that it starts from, below `Tests/`.
  var seeds: [(folder: String, endings: [String])] {
    let own = (folder: "microtome-fuzzTests/Corpus/\(rawValue)", endings: [""])
    switch self {
    case .manifest: return [own, ("ManifestModelTests/Fixtures", [".yaml"])]
    case .png: return [own, ("ImagingTests/Fixtures", [".png"])]
    case .bmp: return [own, ("ImagingTests/Fixtures", [".bmp"])]
    case .tiff: return [own, ("ImagingTests/Fixtures", [".tif"])]
    case .safetensors: return [own, ("ArchivesTests/Fixtures", [".safetensors"])]
    case .torchZip:
      return [
        own,
        (
          "ArchivesTests/Fixtures",
          ["_zip.pth", "zip_bare.pth", "zip_half.pth", "views.pth", "prefix.pth", ".ckpt"]
        ),
      ]
    case .torchLegacy: return [own, ("ArchivesTests/Fixtures", ["legacy.pth", "legacy_bare.pth"])]
    case .torchTar: return [own, ("ArchivesTests/Fixtures", ["tar_handmade.pth"])]
    case .mat: return [own, ("ArchivesTests/Fixtures", [".mat"])]
    case .npy: return [own, ("DatasetsTests/Fixtures/nucls/train/labels", [".npy"])]
    case .aperio: return [own, ("DatasetsTests/Fixtures/monuseg/MoNuSegTestData", [".xml"])]
    case .table: return [own]
    }
  }

  /// Words of the format for the mutator.
  var words: [[UInt8]] {
    switch self {
    case .manifest: Self.manifestWords.map { Array($0.utf8) }
    case .table: Self.tableWords.map { Array($0.utf8) }
    case .png: ["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "iCCP", "zTXt"].map { Array($0.utf8) }
    case .bmp, .tiff, .mat: []
    case .safetensors: Self.headerWords.map { Array($0.utf8) }
    case .torchZip, .torchLegacy, .torchTar: Self.pickleWords
    case .npy: Self.arrayWords.map { Array($0.utf8) }
    case .aperio: Self.annotationWords.map { Array($0.utf8) }
    }
  }

  /// Makes what stands around the damage fit again, so that the parser gets to see it.
  func mend(_ bytes: inout [UInt8]) {
    switch self {
    case .png: Checksums.mendPNG(&bytes)
    case .torchZip: Checksums.mendZIP(&bytes)
    case .torchTar: Checksums.mendTar(&bytes)
    default: break
    }
  }

  private static let manifestWords = [
    "{", "}", "[", "]", ": ", "- ", ", ", "&a ", "*a", "<<: ", "!!str ", "!!int ", "|", ">", "'",
    "\"", "%", "@", "`", "? ", "\n", "\t", "0x", "1e9", ".inf", ".nan", "-1", "9223372036854775807",
    "100%", "all", "defaults:", "extends: ", "base.yaml", "../", "/etc/passwd", "---\n", "\u{2028}",
  ]

  private static let tableWords = [
    ",", "\"", "\"\"", "\n", "\r\n", "\r", "\u{FEFF}", "é", "split", ";",
  ]

  private static let headerWords = [
    "\"F32\"", "\"BF16\"", "\"I64\"", "\"U8\"", "[", "]", "{", "}", "\\u0000", "__metadata__",
  ]

  private static let arrayWords = [
    "'<f4'", "'|u1'", "'<U3'", "'<i8'", "(", ")", "True", "False", ", ",
  ]

  private static let annotationWords = [
    "<Region>", "</Region>", "<Vertex X=\"1e300\" Y=\"-1\"/>", "<Vertex X=\"999999\" Y=\"nan\"/>",
    "<Annotations>", "</Annotations>", "<!DOCTYPE a [", "<!ENTITY b \"c\">", "]>", "&b;", "&#0;",
    "<![CDATA[", "]]>", "<!--", "-->", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
  ]

  /// Opcodes that change the stack, the memo or a container, and names that pickles ask for.
  private static let pickleWords: [[UInt8]] =
    "(.0123INJKMLFGXVSUTCBRbcdehgjqprat)}]lQsuo".utf8.map { [$0] }
    + (0x80...0x97).map { [UInt8($0)] }
    + [
      "cos\nsystem\n", "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nFloatStorage\n",
      "ccollections\nOrderedDict\n", "cbuiltins\neval\n",
    ].map { Array($0.utf8) }
    + [[0x8A, 8, 255, 255, 255, 255, 255, 255, 255, 127], [0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 128]]
}
