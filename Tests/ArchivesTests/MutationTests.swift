import Core
import Testing

@testable import Archives

#if canImport(Glibc)
  import Glibc
#endif

/// Damage of every kind: whatever the bytes, reading ends in a value or an error.
@Suite("Damaged files", .serialized)
struct MutationTests {
  static let rounds = 3000

  /// A copy with one to four changes, drawn from the stream.
  static func damaged(_ bytes: [UInt8], _ stream: inout RandomStream) -> [UInt8] {
    var bytes = bytes
    for _ in 0...stream.index(below: 4) where !bytes.isEmpty {
      let place = stream.index(below: bytes.count)
      switch stream.index(below: 8) {
      case 0: bytes[place] = UInt8(stream.index(below: 256))
      case 1: bytes[place] ^= 1 << UInt8(stream.index(below: 8))
      case 2: bytes[place] = [0, 1, 0x7f, 0x80, 0xff][stream.index(below: 5)]
      case 3: bytes.remove(at: place)
      case 4: bytes.insert(UInt8(stream.index(below: 256)), at: place)
      case 5: bytes.removeSubrange(place..<min(bytes.count, place + 1 + stream.index(below: 40)))
      case 6:
        let copied = bytes[place..<min(bytes.count, place + 1 + stream.index(below: 40))]
        bytes.insert(contentsOf: copied, at: stream.index(below: bytes.count))
      default: bytes.removeLast(min(bytes.count, stream.index(below: 64)))
      }
    }
    return bytes
  }

  static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// Decodes damaged copies; returns how many of them could be read.
  static func readable(
    _ bytes: [UInt8], purpose: String, wrap: ([UInt8]) -> [UInt8] = { $0 }
  ) -> Int {
    var readable = 0
    for round in 0..<rounds {
      var stream = RandomStream(seed: 7, purpose: purpose, UInt64(round))
      let file = wrap(damaged(bytes, &stream))
      if let decoded = try? WeightFile.decode(file) {
        readable += 1
        let elements = decoded.tensors.reduce(0) { $0 + $1.values.count }
        #expect(elements <= 4 * file.count)
      }
    }
    return readable
  }

  @Test(
    "a damaged weight file is read or refused within its memory",
    arguments: [
      "zip_bare.pth", "legacy_bare.pth", "nested_module_prefix.pth", "lightning_like.ckpt",
      "zip_half.pth", "shared_views.pth", "model.safetensors", "tar_handmade.pth",
    ])
  func files(name: String) throws {
    let before = Self.peakMemory()
    let readable = Self.readable(try fixture(name), purpose: name)
    // The table must reach both outcomes, or it tests nothing.
    #expect(readable < Self.rounds)
    #expect(readable > 0)
    #expect(Self.peakMemory() - before < 64 << 20)
  }

  /// Checksums stop most damage before the pickle; here they are made to fit again.
  @Test(
    "a damaged pickle behind a good checksum is read or refused within its memory",
    arguments: ["lightning_like.ckpt", "shared_views.pth", "evil_zip.pth"])
  func pickles(name: String) throws {
    let archive = try ZipArchive(try fixture(name))
    let root = try #require(name.split(separator: ".").first)
    var storages: [String: [UInt8]] = [:]
    for (path, entry) in archive.entries where path.hasPrefix("\(root)/data/") {
      storages[String(path.dropFirst(root.count + 6))] =
        Array(archive.bytes[try archive.content(of: entry)])
    }
    let entry = try #require(archive.entries["\(root)/data.pkl"])
    let pickle = Array(archive.bytes[try archive.content(of: entry)])
    let before = Self.peakMemory()
    let readable = Self.readable(pickle, purpose: "pickle \(name)") { pickle in
      ZipBuilder.torch(pickle, storages: storages)
    }
    #expect(readable < Self.rounds)
    if name != "evil_zip.pth" { #expect(readable > 0) }
    #expect(Self.peakMemory() - before < 64 << 20)
  }

  @Test("a damaged array is read or refused")
  func arrays() throws {
    let array = NPY.encode((0..<60).map(Float.init), shape: [3, 4, 5])
    var readable = 0
    for round in 0..<Self.rounds {
      var stream = RandomStream(seed: 7, purpose: "tables", UInt64(round))
      let bytes = Self.damaged(array, &stream)
      if let array = try? NPY.decode(bytes) {
        readable += 1
        _ = try? array.integers()
        _ = try? array.numbers()
        _ = try? array.texts()
        #expect(array.count <= bytes.count)
      }
    }
    #expect(readable > 0 && readable < Self.rounds)
  }
}
