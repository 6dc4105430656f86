/// Arrays of whole numbers in a pickled dictionary: what `numpy.save(file, {"a": array})` writes.
///
/// Read with the safe machine: names of the pickle are compared, never called.
public struct PickledArrays: Hashable, Sendable {
  /// An array of whole numbers.
  public struct Array: Hashable, Sendable {
    /// The extents, outermost first.
    public let shape: [Int]
    /// The elements in row-major order.
    public let integers: [Int]
  }

  /// The arrays by their keys.
  public let arrays: [String: Array]

  /// Reads an NPY file whose one element is a dictionary.
  public static func decode(_ bytes: [UInt8]) throws(ArchiveError) -> PickledArrays {
    let fields = try NPYHeader.fields(of: bytes)
    guard fields.type.hasSuffix("O"), elementCount(of: fields.shape) == 1 else {
      throw ArchiveError(.npyValue, in: part, "it holds numbers, not a pickled dictionary")
    }
    let pickle = try PickleMachine.read(
      bytes, in: fields.dataOffset..<bytes.count, part: part)
    let reader = Reader(pickle: pickle, bytes: bytes)
    guard let outer = reader.state(pickle.root), let items = pickle.sequence(outer.data),
      items.count == 1, let entries = pickle.entries(items[0])
    else { throw ArchiveError(.npyValue, in: part, "its one element is no dictionary") }
    var arrays: [String: Array] = [:]
    for (key, value) in entries {
      guard case .text(let name) = key, let array = reader.state(value) else { continue }
      arrays[name] = try reader.array(array, name: name)
    }
    return PickledArrays(arrays: arrays)
  }

  private static let part = "pickled arrays"

  private struct Reader {
    var pickle: Pickle
    var bytes: [UInt8]

    /// The state of a pickled `ndarray`: (version, shape, dtype, is Fortran's order, data).
    struct State {
      var shape: [Int]
      var type: PickleValue
      var isFortran: Bool
      var data: PickleValue
    }

    func state(_ value: PickleValue) -> State? {
      guard let node = pickle.node(value), case .instance(let global) = node.kind,
        global.module.hasSuffix("core.multiarray"), global.name == "_reconstruct",
        let last = node.items.last, let fields = pickle.sequence(last), fields.count == 5,
        let extents = pickle.sequence(fields[1]), case .bool(let isFortran) = fields[3]
      else { return nil }
      var shape: [Int] = []
      for extent in extents {
        guard case .integer(let count) = extent, count >= 0 else { return nil }
        shape.append(count)
      }
      return State(shape: shape, type: fields[2], isFortran: isFortran, data: fields[4])
    }

    func array(_ state: State, name: String) throws(ArchiveError) -> Array {
      func fault(_ reason: String) -> ArchiveError {
        ArchiveError(.npyValue, in: part, "`\(ArchiveError.shown(name))` \(reason)")
      }
      guard let type = pickle.node(state.type), case .instance(let global) = type.kind,
        global.name == "dtype", case .text(let letters)? = type.items.first,
        let fields = type.items.last.flatMap({ pickle.sequence($0) }), fields.count > 1,
        case .text(let order) = fields[1]
      else { throw fault("has no element type that is known") }
      let element = try NPYHeader.element(order + letters)
      guard case .bytes(let range) = state.data, let count = elementCount(of: state.shape),
        case (let size, let overflow) = count.multipliedReportingOverflow(by: element.size),
        !overflow,
        range.count == size
      else { throw fault("does not hold as many numbers as it says") }
      guard !state.isFortran || state.shape.count < 2 else {
        throw fault("is in Fortran's order; save it with numpy.ascontiguousarray")
      }
      let header = NPYHeader(element: element, shape: state.shape, count: count)
      return Array(
        shape: state.shape,
        integers: try header.integers(bytes, at: range.lowerBound, in: 0..<count))
    }
  }
}
