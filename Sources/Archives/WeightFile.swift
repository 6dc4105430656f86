/// The tensors of a weight file of any supported container.
public struct WeightFile: Hashable, Sendable {
  /// The kinds of weight files that are read.
  public enum Container: String, Hashable, Sendable, Codable, CaseIterable {
    case safetensors
    case torchZip = "torch-zip"
    case torchLegacy = "torch-legacy"
    case torchTar = "torch-tar"
  }

  /// What the bytes were found to be.
  public var container: Container
  /// In the order of the file, under their full dotted names below the state dict.
  public var tensors: [ArchivedTensor]
  /// What a safetensors file says of itself; empty for the others.
  public var metadata: [String: String]
  /// The keys that were opened to reach the state dict, outermost first: `["state_dict"]`.
  public var unwrapped: [String]

  /// A weight file in memory.
  public init(
    container: Container, tensors: [ArchivedTensor], metadata: [String: String] = [:],
    unwrapped: [String] = []
  ) {
    self.container = container
    self.tensors = tensors
    self.metadata = metadata
    self.unwrapped = unwrapped
  }
}

extension WeightFile {
  /// Reads a weight file, whatever its name says it is; nothing in it is ever run.
  ///
  /// Memory stays within a multiple of the file's size for any bytes at all.
  public static func decode(_ bytes: [UInt8]) throws(ArchiveError) -> WeightFile {
    if bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) { return try TorchZip.decode(bytes) }
    if bytes.starts(with: TorchLegacy.magic) { return try TorchLegacy.decode(bytes) }
    if TorchTar.isTar(bytes) { return try TorchTar.decode(bytes) }
    if let refusal = refusal(of: bytes) { throw refusal }
    let content = try Safetensors.decode(bytes)
    return WeightFile(
      container: .safetensors, tensors: content.tensors, metadata: content.metadata)
  }

  /// Why these bytes are no weight file, if their beginning tells.
  private static func refusal(of bytes: [UInt8]) -> ArchiveError? {
    func unrecognised(_ what: String, _ hint: String? = nil) -> ArchiveError {
      ArchiveError(.unrecognised, in: "file", at: .byte(0), what, hint: hint)
    }
    let known: [(start: [UInt8], what: String, hint: String)] = [
      ([0x1f, 0x8b], "it is compressed with gzip", "unpack it with gunzip"),
      ([0x42, 0x5a, 0x68], "it is compressed with bzip2", "unpack it with bunzip2"),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "it is compressed with xz", "unpack it with unxz"),
      ([0x28, 0xb5, 0x2f, 0xfd], "it is compressed with zstd", "unpack it with unzstd"),
      ([0x89, 0x48, 0x44, 0x46], "it is an HDF5 file", "save the weights as safetensors"),
      (Array("<".utf8), "it looks like a web page", "download the weights again"),
      (
        Array("version https://git-lfs".utf8), "it is a Git LFS pointer, not the file itself",
        "run git lfs pull"
      ),
    ]
    for entry in known where bytes.starts(with: entry.start) {
      // A safetensors header of such a length is possible; its ninth byte decides.
      if bytes.count > 8, bytes[8] == UInt8(ascii: "{"), entry.start.count < 8 { return nil }
      return unrecognised(entry.what, entry.hint)
    }
    if bytes.isEmpty { return unrecognised("it is empty") }
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{") { return nil }
    if bytes[0] == 0x80 {
      return unrecognised(
        "it is a pickle without PyTorch's container", "save the weights with torch.save")
    }
    return unrecognised(
      "it is neither a safetensors nor a PyTorch file",
      "weights are read from .safetensors, and from .pth, .pt or .ckpt of torch.save")
  }
}
