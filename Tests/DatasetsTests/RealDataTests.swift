import Foundation
import Imaging
import Testing

@testable import Datasets

/// What is known of a real set from its own tables and annotations, counted without this program.
struct RealSet: Sendable, CustomTestStringConvertible {
  struct Split: Equatable {
    var images: Int
    var objects: Int
    var patients: Int
  }

  var folder: String
  var request: DatasetRequest
  var splits: [String: Split]
  /// How many image sizes there are.
  var sizes = 1
  /// The smallest and the largest pixel size in micrometres; `nil` where none is given.
  var pixelSizes: ClosedRange<Double>?
  /// How many objects of the classes 1, 2, ... there are; empty where there are no classes.
  var classes: [Int] = []
  /// Severity and code of what there is to say of the files.
  var problems: [String] = []

  var testDescription: String { folder }

  static let all = [
    // The official splits share patients: of 16, only one is in no training image.
    RealSet(
      folder: "glas", request: DatasetRequest(format: .glas, group: "patient", stratify: "grade"),
      splits: [
        "train": Split(images: 30, objects: 261, patients: 15),
        "testA": Split(images: 15, objects: 143, patients: 9),
        "testB": Split(images: 15, objects: 93, patients: 5),
      ],
      sizes: 6, pixelSizes: 0.62005...0.62005,
      problems: Array(repeating: "warning dataset.patient-in-two-splits", count: 3)),
    // Four images as the contest gave them out: 24-bit bitmaps, annotations with a palette.
    RealSet(
      folder: "glas-bmp", request: DatasetRequest(format: .glas),
      splits: [
        "train": Split(images: 2, objects: 24, patients: 2),
        "testA": Split(images: 2, objects: 9, patients: 2),
      ],
      sizes: 4, pixelSizes: 0.62005...0.62005),
    // 2,833 and 1,588 outlines, two of which others cover.
    RealSet(
      folder: "monuseg", request: DatasetRequest(format: .monuseg, group: "patient"),
      splits: [
        "train": Split(images: 8, objects: 2831, patients: 8),
        "test": Split(images: 4, objects: 1588, patients: 4),
      ],
      pixelSizes: 0.2456...0.252,
      problems: Array(repeating: "warning dataset.polygon-without-pixel", count: 2)),
    RealSet(
      folder: "dsb2018",
      request: DatasetRequest(
        format: .dsb2018, layout: .init(table: "manifest.csv", splitColumn: "appearance_group")),
      splits: [
        "purple_on_purple": Split(images: 65, objects: 2577, patients: 65),
        "purple_on_white": Split(images: 38, objects: 1925, patients: 38),
        "he_pink_purple": Split(images: 4, objects: 48, patients: 4),
      ]),
    RealSet(
      folder: "nucls/Example-Segmentation", request: DatasetRequest(format: .nucls),
      splits: [
        "train": Split(images: 10, objects: 458, patients: 10),
        "test": Split(images: 5, objects: 182, patients: 5),
      ],
      classes: [317, 323]),
  ]
}

/// Real images, where the machine has them; none of them is in the repository.
@Suite("Real datasets")
struct RealDataTests {
  /// The folder of the sets.
  static let root = ProcessInfo.processInfo.environment["MICROTOME_TEST_DATA"]

  @Test(
    "real sets are imported whole, with every object",
    .enabled(if: root != nil, "set MICROTOME_TEST_DATA to the folder of the real sets"),
    arguments: RealSet.all)
  func whole(set: RealSet) throws {
    let folder = URL(filePath: try #require(Self.root)).appending(path: set.folder)
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { name in
      let path = folder.appending(path: name).path
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      return attributes[.type] as? FileAttributeType == .typeRegular
    }
    var splits: [String: RealSet.Split] = [:]
    var patients: [String: Set<String>] = [:]
    var (sizes, pixelSizes) = (Set<[Int]>(), Set<Double?>())
    var classes = [Int](repeating: 0, count: set.classes.count)
    let problems = try DatasetImport.run(
      set.request, files: files.sorted(),
      read: { try [UInt8](Data(contentsOf: folder.appending(path: $0))) },
      emit: { sample in
        let labels = try #require(sample.labels)
        #expect((labels.width, labels.height) == (sample.image.width, sample.image.height))
        #expect(labels.distinctLabels.count == sample.objects)
        splits[sample.split, default: .init(images: 0, objects: 0, patients: 0)].images += 1
        splits[sample.split]!.objects += sample.objects
        patients[sample.split, default: []].insert(sample.patient)
        sizes.insert([sample.image.width, sample.image.height])
        pixelSizes.insert(sample.pixelSize)
        for kind in sample.classes ?? [] { classes[kind - 1] += 1 }
      })
    for (split, names) in patients { splits[split]!.patients = names.count }
    #expect(splits == set.splits)
    #expect(sizes.count == set.sizes)
    let known = pixelSizes.compactMap(\.self)
    #expect(known.min() == set.pixelSizes?.lowerBound)
    #expect(known.max() == set.pixelSizes?.upperBound)
    #expect(pixelSizes.contains(nil) == (set.pixelSizes == nil))
    #expect(classes == set.classes)
    #expect(problems.map { "\($0.severity) \($0.code)" } == set.problems)
  }
}
