internal import Core
internal import Imaging

/// The objects of one image as a format's files tell them.
struct ObjectLabels {
  /// A number for each object's pixels; 0 is background.
  var map: LabelMap
  /// The class of object `i + 1`, from 1; `nil` if the format has no classes.
  var classes: [Int]?
  /// Micrometres a pixel, if the annotation says so.
  var pixelSize: Double?
  /// Whether a number is an object, even the only one; else a single number may be a mask.
  var namesObjects = false
  /// What is odd and no reason to refuse the file.
  var warnings: [DatasetProblem] = []

  init(_ map: LabelMap, classes: [Int]? = nil) {
    self.map = map
    self.classes = classes
  }
}

extension ObjectLabels {
  /// Objects from a map of ids of any size: renumbered 1, 2, ... in ascending order of id.
  ///
  /// - Parameters:
  ///   - ids: `[height, width]`, row-major; 0 is background.
  ///   - types: A class for each pixel; an object has the most frequent class of its pixels, 0 not
  ///     counted, and of two equally frequent ones the lower.
  ///   - classCount: Classes are 1...`classCount`.
  init(
    ids: [Int], types: [Int]? = nil, classCount: Int = 0, width: Int, height: Int, file: String
  ) throws {
    let distinct = Set(ids).subtracting([0]).sorted()
    if let negative = distinct.first, negative < 0 {
      throw UnsoundFile(
        file, "an object has the number \(negative)", hint: "number objects from 1")
    }
    guard distinct.count <= Int(UInt16.max) else {
      throw UnsoundFile(
        file, "there are \(distinct.count) objects; at most \(UInt16.max) are told apart",
        hint: "cut the image into smaller ones")
    }
    let numbers = Dictionary(
      uniqueKeysWithValues: zip(distinct, 1...max(1, distinct.count)))
    map = LabelMap(width: width, height: height, labels: ids.map { UInt16(numbers[$0] ?? 0) })
    namesObjects = true
    guard let types else { return }
    var votes = [Int](repeating: 0, count: distinct.count * (classCount + 1))
    for (i, label) in map.labels.enumerated() where label != 0 {
      guard 0...classCount ~= types[i] else {
        throw UnsoundFile(
          file, "a pixel has the class \(types[i]); the format has 1 to \(classCount)",
          hint: "check that the root holds this format")
      }
      votes[(Int(label) - 1) * (classCount + 1) + types[i]] += 1
    }
    classes = try distinct.indices.map { object in
      let counts = votes[object * (classCount + 1)..<(object + 1) * (classCount + 1)].dropFirst()
      guard let most = counts.max(), most > 0, let place = counts.firstIndex(of: most) else {
        throw UnsoundFile(
          file, "the object \(distinct[object]) has no class", hint: "give it one")
      }
      return place - object * (classCount + 1)
    }
  }

  /// The 8-connected regions of a binary mask: touching objects become one.
  init(regionsOf mask: LabelMap, file: String) throws {
    try self.init(
      regionsOf: mask, among: [], file: file)
  }

  /// The 8-connected regions of equal class in a mask whose values are classes.
  ///
  /// - Parameter names: The classes 1, 2, ...; none if every value above 0 is foreground.
  init(regionsOf mask: LabelMap, among names: [String], file: String) throws {
    let present = names.isEmpty ? [1] : mask.distinctLabels.map(Int.init)
    if let highest = present.last, highest > max(1, names.count) {
      throw UnsoundFile(
        file, "a pixel has the value \(highest), and \(names.count) classes are declared",
        hint: "name every class in `classes:`")
    }
    map = LabelMap(width: mask.width, height: mask.height)
    namesObjects = true
    var found: [Int] = []
    for value in present {
      let regions = ConnectedComponents(
        width: mask.width, height: mask.height, connectivity: .eight,
        isForeground: mask.labels.map { names.isEmpty ? $0 != 0 : Int($0) == value })
      guard found.count + regions.count <= Int(UInt16.max) else {
        throw UnsoundFile(
          file, "there are more than \(UInt16.max) regions",
          hint: "cut the image into smaller ones, or remove specks")
      }
      for (i, label) in regions.labels.enumerated() where label != 0 {
        map.labels[i] = UInt16(found.count + Int(label))
      }
      found += [Int](repeating: value, count: regions.count)
    }
    classes = names.isEmpty ? nil : found
  }

  /// How many objects are in the map.
  var objectCount: Int { namesObjects ? map.distinctLabels.count : map.objectCount }
}
