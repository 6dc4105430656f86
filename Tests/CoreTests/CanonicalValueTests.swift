import Core
import Testing

@Suite("Canonical encoding")
struct CanonicalValueTests {
  static let digest = SHA256.digest(of: Array("abc".utf8))

  /// Values that a careless encoding would confuse with one another.
  static let distinct: [CanonicalValue] = [
    .null, false, true, 0, 1, -1, 255, 256, .integer(.max), .integer(.min), 0.5, -0.5, .number(1),
    .number(0), .number(.infinity), .number(-.infinity), .number(.leastNonzeroMagnitude), "", "0",
    "1", "null", "a", "ab", "b", "\0", "é", "n", .text(digest.hex), .digest(digest), [], [[]],
    [[], []], ["a", "b"], ["ab"], ["a", ["b"]], [["a"], "b"], [.null], [1, 2], [2, 1], [:],
    ["a": .null], ["a": "b"], ["a": ["b": "c"]], ["a": "b", "c": "d"], ["ab": "c"], ["a": "bc"],
    ["": ""], ["b": "a"], [["a": "b"]], ["a": ["b"]],
  ]

  @Test("different values have different encodings, none the beginning of another")
  func injective() {
    let encodings = Self.distinct.map(\.encoded)
    for (i, a) in encodings.enumerated() {
      for (j, b) in encodings.enumerated() where i != j {
        #expect(!b.starts(with: a), "\(Self.distinct[i]) begins \(Self.distinct[j])")
      }
    }
    #expect(Set(Self.distinct.map(\.identity)).count == Self.distinct.count)
  }

  @Test("what is encoded decodes to itself", arguments: distinct)
  func roundTrip(value: CanonicalValue) throws {
    let decoded = try CanonicalValue(decoding: value.encoded)
    #expect(decoded == value)
    #expect(decoded.encoded == value.encoded)
  }

  @Test(
    "the bytes are those of the table in the documentation",
    arguments: [
      (.null, [0x6e]), (true, [0x62, 1]), (-2, [0x69] + [UInt8](repeating: 255, count: 7) + [254]),
      (1.5, [0x64, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
      ("é", [0x73, 0, 0, 0, 0, 0, 0, 0, 2, 0xc3, 0xa9]),
      ([true, .null], [0x6c, 0, 0, 0, 0, 0, 0, 0, 2, 0x62, 1, 0x6e]),
      (
        ["b": .null, "a": false],
        [0x6d, 0, 0, 0, 0, 0, 0, 0, 2, 0x73, 0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0x62, 0]
          + [0x73, 0, 0, 0, 0, 0, 0, 0, 1, 0x62, 0x6e]
      ),
    ] as [(CanonicalValue, [UInt8])])
  func bytes(value: CanonicalValue, bytes: [UInt8]) { #expect(value.encoded == bytes) }

  @Test("minus zero is zero")
  func minusZero() {
    #expect(CanonicalValue.number(-0.0).encoded == CanonicalValue.number(0).encoded)
  }

  @Test("keys are in the order of their bytes, not of their characters")
  func order() {
    let keys = ["é", "z", "Z", "e\u{301}x", "", "🙂", "\u{FFFD}", "a b"]
    let map = Dictionary(uniqueKeysWithValues: keys.map { ($0, CanonicalValue.null) })
    #expect(
      CanonicalValue.ordered(map).map(\.key)
        == ["", "Z", "a b", "e\u{301}x", "z", "é", "\u{FFFD}", "🙂"])
  }

  static let word = [UInt8](repeating: 0, count: 7)
  static func text(_ text: String) -> [UInt8] {
    [0x73] + word + [UInt8(text.utf8.count)] + Array(text.utf8)
  }

  @Test(
    "another encoding of the same value is refused",
    arguments: [
      ("nothing", []), ("an unknown tag", [0x78]), ("bytes after the end", [0x6e, 0x6e]),
      ("a truth of 2", [0x62, 2]), ("minus zero", [0x64, 0x80] + word),
      ("NaN", [0x64, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), ("a short number", [0x69, 0, 0]),
      ("text that is not UTF-8", [0x73] + word + [1, 0xff]),
      ("text past the end", [0x73] + word + [2, 0x61]),
      ("text of 2^63 bytes", [0x73, 0x80] + word),
      ("text of -1 bytes", [0x73] + [UInt8](repeating: 255, count: 8)),
      ("a list of more than there is", [0x6c, 0, 0, 1, 0, 0, 0, 0, 0, 0x6e]),
      ("a short digest", [0x68, 1, 2, 3]),
      ("keys in reverse", [0x6d] + word + [2] + text("b") + [0x6e] + text("a") + [0x6e]),
      ("a key twice", [0x6d] + word + [2] + text("a") + [0x6e] + text("a") + [0x6e]),
      (
        "one key in two Unicode spellings",
        [0x6d] + word + [2] + text("e\u{301}") + [0x6e] + text("é") + [0x6e]
      ),
      ("a key that is a number", [0x6d] + word + [1, 0x69] + word + [1, 0x6e]),
      ("a map without its value", [0x6d] + word + [1] + text("a")),
      ("lists a thousand deep", (0..<1000).flatMap { _ in [0x6c] + word + [1] } + [0x6e]),
    ] as [(String, [UInt8])])
  func notCanonical(name: String, bytes: [UInt8]) {
    #expect(throws: NotCanonical.self, "\(name)") { try CanonicalValue(decoding: bytes) }
  }

  @Test("an error says where reading stopped")
  func place() {
    let error = #expect(throws: NotCanonical.self) {
      try CanonicalValue(decoding: [0x6c] + Self.word + [2, 0x6e, 0x78])
    }
    #expect(error?.description == "not a canonical encoding at byte 11: an unknown tag 120")
  }

  @Test("damaged bytes are refused or are the one encoding of what they decode to")
  func mutations() {
    let value: CanonicalValue = [
      "kind": "train", "seed": 7, "rate": 1e-4, "inputs": ["weights": .digest(Self.digest)],
      "sizes": [1, 2, true, .null, "é"],
    ]
    var accepted = 0
    for round in 0..<20_000 as Range<UInt64> {
      var stream = RandomStream(seed: 1, purpose: "mutation", round)
      var bytes = value.encoded
      for _ in 0...stream.index(below: 3) {
        let place = stream.index(below: bytes.count)
        switch stream.index(below: 4) {
        case 0: bytes[place] ^= 1 << UInt8(stream.index(below: 8))
        case 1: bytes[place] = UInt8(stream.index(below: 256))
        case 2: bytes.remove(at: place)
        default: bytes.insert(bytes[place], at: place)
        }
      }
      guard let decoded = try? CanonicalValue(decoding: bytes) else { continue }
      accepted += 1
      #expect(decoded.encoded == bytes)
    }
    #expect(accepted > 100)
  }

  @Test("values are read by their kind and shown in the order of their keys")
  func reading() {
    let value: CanonicalValue = ["b": [1, 0.5, .null], "a": ["x": true]]
    #expect(value["b"]?.list?[0].integer == 1)
    #expect(value["b"]?.list?[0].number == 1)
    #expect(value["b"]?.list?[1].integer == nil)
    #expect(value["a"]?["x"]?.bool == true)
    #expect(value["c"] == nil)
    #expect(value.description == "{a: {x: true}, b: [1, 0.5, null]}")
  }
}
