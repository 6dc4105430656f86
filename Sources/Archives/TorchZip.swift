/// PyTorch's container since 1.6: a ZIP with `data.pkl` and one stored entry for each storage.
enum TorchZip {
  /// Reads the file; only entries that the state dict needs are looked at.
  static func decode(_ bytes: [UInt8]) throws(ArchiveError) -> WeightFile {
    let archive = try ZipArchive(bytes)
    let root = try root(of: archive)
    try checkByteOrder(archive, root)
    let entry = archive.entries["\(root)data.pkl"]!
    let range = try archive.content(of: entry)
    let pickle = try PickleMachine.read(bytes, in: range, part: "data.pkl")
    let dictionary = try StateDict(pickle, size: range.count, part: "data.pkl")
    var storages: [String: Range<Int>] = [:]
    var read = range.count
    for (_, tensor) in dictionary.tensors where storages[tensor.storage.key] == nil {
      guard let entry = archive.entries["\(root)data/\(tensor.storage.key)"] else { continue }
      read += min(entry.size, bytes.count)
      // Entries that lie over each other would have the same bytes checked without end.
      guard read <= bytes.count else {
        throw ArchiveError(
          .tooLarge, in: "ZIP archive", "its entries are larger than the file that holds them")
      }
      storages[tensor.storage.key] = try archive.content(of: entry)
    }
    return WeightFile(
      container: .torchZip,
      tensors: try TorchFile(bytes: bytes, storages: storages).tensors(dictionary),
      metadata: [:], unwrapped: dictionary.unwrapped)
  }

  /// The folder that holds `data.pkl`, with its slash; empty at the top.
  private static func root(of archive: ZipArchive) throws(ArchiveError) -> String {
    let pickles = archive.entries.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
      .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    guard let first = pickles.first else {
      throw ArchiveError(
        .unrecognised, in: "ZIP archive", "it holds no `data.pkl`, so it is no weight file",
        hint: "unpack it and name the file inside")
    }
    let root = String(first.dropLast("data.pkl".count))
    if archive.entries["\(root)constants.pkl"] != nil {
      throw ArchiveError(
        .torchScript, in: "ZIP archive", "it is a TorchScript program, not a state dict",
        hint: "load it with torch.jit.load and save its state_dict()")
    }
    return root
  }

  private static func checkByteOrder(
    _ archive: ZipArchive, _ root: String
  ) throws(ArchiveError) {
    guard let entry = archive.entries["\(root)byteorder"] else { return }
    let order = archive.bytes[try archive.content(of: entry)]
    guard order.elementsEqual("little".utf8) else {
      throw ArchiveError(
        .bigEndian, in: "entry `byteorder`", "the weights are not little-endian",
        hint: "save them again on a little-endian machine")
    }
  }
}
