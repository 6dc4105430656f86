import Core
import Testing

@Suite("SHA-256 and digests")
struct DigestTests {
  /// FIPS 180-2, appendix B, and the empty message.
  @Test(
    "published vectors",
    arguments: [
      ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
  func vectors(text: String, count: Int, hex: String) {
    let bytes = Array(String(repeating: text, count: count).utf8)
    #expect(SHA256.digest(of: bytes).hex == hex)
  }

  @Test("pieces of any size give the digest of the whole", arguments: [1, 3, 55, 56, 63, 64, 65])
  func pieces(size: Int) {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var hash = SHA256()
    for start in stride(from: 0, to: bytes.count, by: size) {
      bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { hash.update($0) }
    }
    #expect(hash.finish() == SHA256.digest(of: bytes))
  }

  @Test("a digest reads back from its bytes, its digits and its JSON")
  func roundTrip() throws {
    let digest = SHA256.digest(of: [1, 2, 3])
    #expect(Digest(bytes: digest.bytes) == digest)
    #expect(Digest(hex: digest.hex) == digest)
    #expect(Digest(hex: digest.hex.uppercased()) == digest)
    #expect(JSON.text([digest]) == "[\"\(digest.hex)\"]")
    #expect(try JSON.decode([Digest].self, from: JSON.encode([digest])) == [digest])
  }

  @Test(
    "other texts are no digests",
    arguments: [
      "", "ab", String(repeating: "a", count: 63), String(repeating: "a", count: 65),
      String(repeating: "g", count: 64), String(repeating: "a", count: 63) + " ",
      String(repeating: "a", count: 62) + "é",
    ])
  func notDigests(text: String) {
    #expect(Digest(hex: text) == nil)
    #expect(throws: (any Error).self) {
      try JSON.decode([Digest].self, from: JSON.encode([text]))
    }
  }

  @Test("a digest has 32 bytes", arguments: [0, 31, 33])
  func sizes(count: Int) { #expect(Digest(bytes: [UInt8](repeating: 1, count: count)) == nil) }

  @Test("digests are ordered as their digits are")
  func order() {
    let digests = (0..<50).map { SHA256.digest(of: [$0]) }
    #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
  }
}
