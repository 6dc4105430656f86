import Archives
import Testing

@Suite("Weight files of PyTorch and safetensors")
struct WeightFileTests {
  static let typeNames = ["float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64"]

  @Test(
    "a good file gives the tensors that PyTorch reads",
    arguments: [
      ("zip_bare.pth", .torchZip, []),
      ("legacy_bare.pth", .torchLegacy, []),
      ("nested_module_prefix.pth", .torchZip, ["model"]),
      ("lightning_like.ckpt", .torchZip, ["state_dict"]),
      ("zip_half.pth", .torchZip, []),
      ("zip_bfloat16.pth", .torchZip, []),
      ("shared_views.pth", .torchZip, []),
      ("model.safetensors", .safetensors, []),
    ] as [(String, WeightFile.Container, [String])])
  func good(name: String, container: WeightFile.Container, unwrapped: [String]) throws {
    let file = try WeightFile.decode(try fixture(name))
    let expected = try #require(try ExpectedFile.all()[name]?.tensors)
    #expect(file.container == container)
    #expect(file.unwrapped == unwrapped)
    let nonEmpty = file.tensors.filter { !$0.values.isEmpty }
    #expect(Set(nonEmpty.map(\.name)) == Set(expected.keys))
    #expect(nonEmpty.count == expected.count)
    for tensor in nonEmpty {
      let figures = try #require(expected[tensor.name])
      #expect(tensor.shape == figures.shape, "\(tensor.name)")
      #expect(tensor.elementType == Self.typeNames[figures.dtype], "\(tensor.name)")
      let sum = tensor.values.reduce(0.0) { $0 + Double($1) }
      #expect(abs(sum - figures.sum) < 1e-12 * max(1, abs(figures.sum)) * 100, "\(tensor.name)")
      #expect(tensor.values.first.map(Double.init) == figures.first, "\(tensor.name)")
      #expect(tensor.values.last.map(Double.init) == figures.last, "\(tensor.name)")
    }
  }

  @Test("views, transposes, scalars and empty tensors come out row-major")
  func views() throws {
    let file = try WeightFile.decode(try fixture("shared_views.pth"))
    let tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
    #expect(file.tensors.map(\.name) == ["view", "transposed", "whole", "scalar", "empty"])
    #expect(tensors["view"]?.values == [21, 23, 25, 27, 31, 33, 35, 37, 41, 43, 45, 47])
    let columns: [[Float]] = (0..<10).map { column in (0..<6).map { Float(10 * $0 + column) } }
    #expect(tensors["transposed"]?.values == columns.flatMap(\.self))
    #expect(tensors["empty"]?.shape == [0, 4])
    #expect(tensors["scalar"]?.shape == [])
  }

  @Test("the metadata of a safetensors file are kept")
  func metadata() throws {
    #expect(try WeightFile.decode(try fixture("model.safetensors")).metadata == ["format": "pt"])
  }

  @Test(
    "a bad file is refused with its own error",
    arguments: [
      ("evil_zip.pth", .forbiddenGlobal, "data.pkl, byte 582", "`posix.system`"),
      ("evil_legacy.pth", .forbiddenGlobal, "object, byte 666", "`posix.system`"),
      ("truncated.pth", .truncated, "central directory", "not copied whole"),
      (
        "overlong_offsets.safetensors", .sizeMismatch, "tensor `bn1.num_batches_tracked`",
        "needs 8 bytes and its offsets hold 1000008"
      ),
      (
        "huge_header.safetensors", .headerLength, "safetensors header, byte 0",
        "4611686018427387904 bytes"
      ),
      ("torchscript.pt", .torchScript, "ZIP archive", "TorchScript"),
    ] as [(String, ArchiveError.Code, String, String)])
  func bad(name: String, code: ArchiveError.Code, place: String, words: String) throws {
    let bytes = try fixture(name)
    #expect(try ExpectedFile.all()[name]?.loads != true)
    let error = try #require(archiveError { try WeightFile.decode(bytes) })
    #expect(error.code == code)
    #expect(error.description.hasPrefix(place), "\(error)")
    #expect(error.description.contains(words), "\(error)")
    #expect(!error.description.contains("PWNED"), "content must not leak")
  }

  @Test("every file of the golden set is spoken for")
  func completeness() throws {
    #expect(try ExpectedFile.all().count == 14)
  }

  @Test(
    "what is no weight file is refused by what it is",
    arguments: [
      ([], "it is empty"), ([0x1f, 0x8b, 8, 0], "gzip"), (Array("BZh9".utf8), "bzip2"),
      (Array("<!doctype html>".utf8), "web page"),
      (Array("version https://git-lfs.github.com/spec/v1".utf8), "Git LFS"),
      ([0x89, 0x48, 0x44, 0x46, 0x0d], "HDF5"),
      ([0x80, 2, 0x7d, 0x2e], "a pickle without PyTorch's container"),
      (Array("hello, these are words".utf8), "neither a safetensors nor a PyTorch file"),
    ] as [([UInt8], String)])
  func foreign(bytes: [UInt8], words: String) throws {
    let error = try #require(archiveError { try WeightFile.decode(bytes) })
    #expect(error.code == .unrecognised)
    #expect(error.description.contains(words), "\(error)")
  }

  @Test("a ZIP of something else is refused")
  func otherZip() throws {
    var builder = ZipBuilder()
    builder.add("arr_0.npy", [1, 2, 3])
    let error = try #require(archiveError { try WeightFile.decode(builder.bytes) })
    #expect(error.code == .unrecognised)
  }
}
