extension PickleMachine {
  /// Pushes the tensor of `(storage, offset, size, stride[, requires_grad, hooks[, dtype]])`.
  mutating func pushTensor(
    _ rebuild: PickleGlobal.TensorRebuild, _ arguments: [PickleValue], _ global: PickleGlobal
  ) throws(ArchiveError) {
    let least =
      switch rebuild {
      case .plain: 4
      case .withHooks: 6
      case .withType: 7
      }
    guard arguments.count >= least, case .storage(var storage)? = node(arguments[0])?.kind,
      case .integer(let offset) = arguments[1],
      let shape = counts(arguments[2]), let strides = counts(arguments[3])
    else { throw fault(.view, "`\(global.name)` with arguments of another form") }
    if rebuild == .withType {
      guard case .global(let type)? = node(arguments[6])?.kind else {
        throw fault(.view, "`\(global.name)` without an element type")
      }
      storage = storage.read(as: type)
    }
    try pushNode(
      .tensor(
        TorchTensor(
          storage: storage, view: StridedView(offset: offset, shape: shape, strides: strides))))
  }

  /// Pushes the tensor of `(function, class, arguments, state)`, a tensor of a subclass.
  mutating func pushTensorOfType(_ arguments: [PickleValue]) throws(ArchiveError) {
    guard arguments.count == 4, case .global(let function)? = node(arguments[0])?.kind,
      case .tensor(let rebuild) = function.meaning,
      let inner = node(arguments[2]), inner.kind == .tuple
    else { throw fault(.view, "a tensor of a class that is rebuilt in another way") }
    try pushTensor(rebuild, inner.items, function)
  }

  /// Whole numbers from 0, at most as many as a tensor may have dimensions.
  private func counts(_ value: PickleValue) -> [Int]? {
    guard let node = node(value), node.kind == .tuple || node.kind == .list,
      node.items.count <= StridedView.mostDimensions
    else { return nil }
    var counts: [Int] = []
    for item in node.items {
      guard case .integer(let count) = item, count >= 0 else { return nil }
      counts.append(count)
    }
    return counts
  }
}

extension TorchStorage {
  /// The same bytes as elements of another type (`_rebuild_tensor_v3`).
  fileprivate func read(as dtype: PickleGlobal) -> TorchStorage {
    var storage = self
    storage.typeName = dtype.name
    storage.type = dtype.dtypeElement
    if let from = type?.size, let to = storage.type?.size {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: from)
      storage.count = overflow ? 0 : bytes / to
      if part != nil { storage.type = nil }  // Only new containers have such tensors.
    }
    return storage
  }
}

extension PickleGlobal {
  /// The elements of a storage class such as `torch.FloatStorage`; `nil` if they cannot be read.
  var storageElement: ElementType? {
    guard ["torch", "torch.cuda", "torch.storage"].contains(module) else { return nil }
    return Self.storages[name]
  }

  /// The elements of a `torch.dtype`; `nil` if they cannot be read.
  var dtypeElement: ElementType? { module == "torch" ? Self.dtypes[name] : nil }

  private static let storages: [String: ElementType] = [
    "FloatStorage": .f32, "DoubleStorage": .f64, "HalfStorage": .f16, "BFloat16Storage": .bf16,
    "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8,
    "ByteStorage": .u8, "BoolStorage": .bool, "UntypedStorage": .u8,
  ]

  private static let dtypes: [String: ElementType] = [
    "float32": .f32, "float": .f32, "float64": .f64, "double": .f64, "float16": .f16,
    "half": .f16, "bfloat16": .bf16, "int64": .i64, "long": .i64, "int32": .i32, "int": .i32,
    "int16": .i16, "short": .i16, "int8": .i8, "uint8": .u8, "bool": .bool, "uint16": .u16,
    "uint32": .u32, "uint64": .u64,
  ]
}
