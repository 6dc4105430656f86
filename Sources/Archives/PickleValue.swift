/// A name that a pickle asks for, such as `collections.OrderedDict`; never looked up, never called.
struct PickleGlobal: Hashable, CustomStringConvertible {
  /// The module that the pickle names.
  var module: String
  /// The name in it, which may have dots.
  var name: String

  var description: String { "\(module).\(name)" }
}

/// A value on the pickle machine's stack.
enum PickleValue: Hashable {
  case none
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case text(String)
  /// Bytes, by where they stand in the file.
  case bytes(Range<Int>)
  /// Something that nobody needs: complex numbers, integers past the word.
  case opaque
  /// An index into the nodes of the pickle.
  case node(Int)
}

/// A compound value. Nodes name each other by index, so cycles and depth cost nothing.
struct PickleNode {
  /// What a compound value is.
  enum Kind: Hashable {
    case list
    case tuple
    case set
    /// Items are keys and values in turn.
    case dictionary
    case global(PickleGlobal)
    // Boxed, because nodes are many and these are few and large.
    indirect case storage(TorchStorage)
    indirect case tensor(TorchTensor)
    /// An object of some class, inert; items are its arguments and state.
    case instance(PickleGlobal)
  }

  /// What the value is.
  var kind: Kind
  /// What it holds, as its kind says.
  var items: [PickleValue] = []
}

/// A stored run of elements that tensors look into.
struct TorchStorage: Hashable {
  /// The name of the storage in the container.
  var key: String
  /// `nil` for a class whose elements we cannot read; that matters only if a wanted tensor uses it.
  var type: ElementType?
  /// What the file calls the type.
  var typeName: String
  /// Elements of the whole stored run.
  var count: Int
  /// The first element and the count of a part of it (legacy containers only).
  var part: Range<Int>?
}

/// A tensor as a pickle describes it.
struct TorchTensor: Hashable {
  /// The stored elements.
  var storage: TorchStorage
  /// Which of them the tensor has.
  var view: StridedView
}

/// What one pickle holds.
struct Pickle {
  /// The compound values, in the order in which they were made.
  var nodes: [PickleNode]
  /// The one value that the pickle stands for.
  var root: PickleValue
  /// Where the pickle ends in the bytes.
  var end: Int

  /// The compound value that a value stands for, if it is one.
  func node(_ value: PickleValue) -> PickleNode? {
    if case .node(let index) = value { nodes[index] } else { nil }
  }

  /// The entries of a dictionary; `nil` for another value.
  func entries(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
    guard let node = node(value), node.kind == .dictionary else { return nil }
    return stride(from: 0, to: node.items.count - 1, by: 2).map {
      (node.items[$0], node.items[$0 + 1])
    }
  }

  /// The items of a list or tuple; `nil` for another value.
  func sequence(_ value: PickleValue) -> [PickleValue]? {
    guard let node = node(value), node.kind == .list || node.kind == .tuple else { return nil }
    return node.items
  }
}
