/// What the containers of PyTorch have in common: tensors described by a pickle, and stored bytes.
struct TorchFile {
  /// The whole file.
  let bytes: [UInt8]
  /// Where a storage's bytes are, by its key.
  let storages: [String: Range<Int>]

  /// Materialises the tensors of a state dict.
  ///
  /// All of them together may hold no more elements than four times the bytes of the file: shared
  /// storages are allowed, but not multiplied without end.
  func tensors(_ dictionary: StateDict) throws(ArchiveError) -> [ArchivedTensor] {
    var budget = 4 * bytes.count
    var tensors: [ArchivedTensor] = []
    for (name, tensor) in dictionary.tensors {
      let part = "tensor `\(ArchiveError.shown(name))`"
      guard let elements = elementCount(of: tensor.view.shape) else {
        throw ArchiveError(.shape, in: part, "a shape that cannot be counted")
      }
      guard elements <= budget else {
        throw ArchiveError(
          .tooLarge, in: part, "the tensors are larger than the file can account for")
      }
      budget -= elements
      tensors.append(try materialise(name, tensor, part))
    }
    return tensors
  }

  private func materialise(
    _ name: String, _ tensor: TorchTensor, _ part: String
  ) throws(ArchiveError) -> ArchivedTensor {
    let storage = tensor.storage
    guard let type = storage.type else {
      throw ArchiveError(
        .elementType, in: part,
        "the element type `\(ArchiveError.shown(storage.typeName))` is not supported",
        hint: "save the weights as float32")
    }
    guard let range = storages[storage.key] else {
      throw ArchiveError(
        .storage, in: part, "its storage `\(ArchiveError.shown(storage.key))` is not in the file")
    }
    var count = storage.count
    var view = tensor.view
    if let window = storage.part {
      // The view counts from the window's start and must end within the window.
      let (offset, overflow) = view.offset.addingReportingOverflow(window.lowerBound)
      guard view.offset >= 0, !overflow else {
        throw ArchiveError(.view, in: part, "it reaches beyond its storage")
      }
      view.offset = offset
      count = window.upperBound
    }
    let values = try view.materialised(
      from: bytes, in: range, count: count, type: type, subject: part)
    return ArchivedTensor(
      name: name, shape: view.shape, values: values, elementType: type.rawValue)
  }
}
