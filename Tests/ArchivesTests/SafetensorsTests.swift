import Testing

@testable import Archives

@Suite("Safetensors")
struct SafetensorsTests {
  static func file(_ header: String, _ buffer: [UInt8] = []) -> [UInt8] {
    little(header.utf8.count, 8) + Array(header.utf8) + buffer
  }

  static func entry(_ name: String, _ begin: Int, _ end: Int) -> String {
    entry(name, "U8", "[2]", begin, end)
  }

  static func entry(
    _ name: String, _ dtype: String, _ shape: String, _ begin: Int, _ end: Int
  ) -> String {
    "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
  }

  @Test("Float32 is read where it lies in the file, on a boundary of four bytes and off it")
  func float32() throws {
    let values: [Float] = [1.5, -0.0, .infinity, 3e-40]
    let buffer = values.flatMap { little(Int($0.bitPattern), 4) }
    for blanks in 0..<4 {
      let header = "{\(Self.entry("a", "F32", "[2,2]", 0, 16))}"
      let tensor = try Safetensors.decode(
        Self.file(header + String(repeating: " ", count: blanks), buffer)
      ).tensors[0]
      #expect(tensor.values.map(\.bitPattern) == values.map(\.bitPattern))
      #expect(tensor.withValues { $0.map(\.bitPattern) } == values.map(\.bitPattern))
      #expect(tensor == ArchivedTensor(name: "a", shape: [2, 2], values: values))
    }
  }

  static let badFiles = [
    BadBytes("shorter than its length", [1, 2, 3], .truncated),
    BadBytes("a header past the format's limit", little(100_000_001, 8) + [0x7b], .headerLength),
    BadBytes("a header past the file", little(50, 8) + [0x7b, 0x7d], .truncated),
    BadBytes("an array", file("[]"), .headerSyntax),
    BadBytes("a blank first", file(" {}"), .headerSyntax),
    BadBytes("text after the header", file("{}x"), .headerSyntax),
    BadBytes("too deep for a header", file("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}"), .headerSyntax),
    BadBytes(
      "nested five thousand deep", file(String(repeating: "{\"a\":", count: 5000)), .headerSyntax),
    BadBytes("no offsets", file("{\"a\":{\"dtype\":\"U8\",\"shape\":[2]}}"), .headerSyntax),
    BadBytes("a negative extent", file("{\(entry("a", "U8", "[-1]", 0, 1))}", [1]), .headerSyntax),
    BadBytes(
      "half an extent", file("{\(entry("a", "U8", "[1.5]", 0, 1))}", [1]), .headerSyntax),
    BadBytes("metadata that are no text", file("{\"__metadata__\":{\"a\":1}}"), .headerSyntax),
    BadBytes(
      "metadata twice", file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}"), .duplicateName),
    BadBytes(
      "a tensor twice", file("{\(entry("a", 0, 2)),\(entry("a", 2, 4))}", [1, 2, 3, 4]),
      .duplicateName),
    BadBytes(
      "8-bit floats", file("{\(entry("a", "F8_E4M3", "[2]", 0, 2))}", [1, 2]), .elementType),
    BadBytes(
      "a product past the word, hidden by a zero",
      file("{\(entry("a", "U8", "[4611686018427387904,4,0]", 0, 0))}"), .shape),
    BadBytes(
      "a shape without its bytes",
      file("{\(entry("a", "U8", "[9223372036854775807]", 0, 2))}", [1, 2]), .sizeMismatch),
    BadBytes(
      "bytes past the word", file("{\(entry("a", "F64", "[9223372036854775807]", 0, 2))}", [1, 2]),
      .shape),
    BadBytes(
      "offsets in reverse", file("{\(entry("a", "U8", "[0]", 2, 0))}", [1, 2]), .offsetsReversed),
    BadBytes(
      "a shape too large for its offsets", file("{\(entry("a", "U8", "[3]", 0, 2))}", [1, 2]),
      .sizeMismatch),
    BadBytes("offsets beyond the end", file("{\(entry("a", 2, 4))}", [1, 2]), .offsetsBeyondEnd),
    BadBytes("a hole at the start", file("{\(entry("a", 1, 3))}", [1, 2, 3]), .hole),
    BadBytes(
      "a hole between", file("{\(entry("a", 0, 2)),\(entry("b", 3, 5))}", [1, 2, 3, 4, 5]), .hole),
    BadBytes("an overlap", file("{\(entry("a", 0, 2)),\(entry("b", 1, 3))}", [1, 2, 3]), .overlap),
    BadBytes(
      "one place for two", file("{\(entry("a", 0, 2)),\(entry("b", 0, 2))}", [1, 2]), .overlap),
    BadBytes("bytes after the last", file("{\(entry("a", 0, 2))}", [1, 2, 3]), .trailingBytes),
  ]

  @Test("each badness has its own error", arguments: badFiles)
  func bad(file: BadBytes) {
    #expect(archiveError { try Safetensors.decode(file.bytes) }?.code == file.code)
  }

  @Test(
    "every element type is widened",
    arguments: [
      ("BOOL", [0, 1, 7], [0, 1, 1]), ("U8", [0, 255], [0, 255]),
      ("I8", [0x80, 0x7f], [-128, 127]),
      ("U16", [0xff, 0xff], [65535]), ("I16", [0x00, 0x80], [-32768]),
      ("F16", [0x01, 0x00, 0xff, 0x7b, 0x00, 0xc0, 0x00, 0x04], [0x1p-24, 65504, -2, 0x1p-14]),
      ("BF16", [0x80, 0x3f, 0x49, 0xc0], [1, -3.140625]),
      ("U32", [0, 0, 0, 0x80], [0x1p31]), ("I32", [0xff, 0xff, 0xff, 0xff], [-1]),
      ("F32", [0, 0, 0x80, 0x3f], [1]), ("U64", [0, 0, 0, 0, 0, 0, 0, 0x80], [0x1p63]),
      ("I64", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-2]),
      ("F64", [0, 0, 0, 0, 0, 0, 0xf8, 0xbf], [-1.5]),
    ] as [(String, [UInt8], [Float])])
  func widening(type: String, data: [UInt8], values: [Float]) throws {
    let header = "{\(Self.entry("a", type, "[\(values.count)]", 0, data.count))}"
    let tensor = try #require(try Safetensors.decode(Self.file(header, data)).tensors.first)
    #expect(tensor.values == values)
    #expect(tensor.elementType == type)
  }

  @Test("halves keep infinities, NaN and the sign of zero")
  func halves() {
    #expect(ElementType.widened(half: 0x7c00) == .infinity)
    #expect(ElementType.widened(half: 0xfc00) == -.infinity)
    #expect(ElementType.widened(half: 0x7e01).isNaN)
    #expect(ElementType.widened(half: 0x8000).sign == .minus)
  }

  @Test("what is written reads back, in order, with its metadata")
  func roundTrip() throws {
    let tensors = [
      ArchivedTensor(name: "z", shape: [2, 1], values: [1.5, -0.0]),
      ArchivedTensor(name: "a \"quoted\"\\\n\u{1}é🙂", shape: [], values: [.infinity]),
      ArchivedTensor(name: "empty", shape: [0, 3], values: []),
    ]
    let metadata = ["b": "2", "a": "line\nfeed", "é": ""]
    let content = try Safetensors.decode(Safetensors.encode(tensors, metadata: metadata))
    #expect(content.tensors == tensors)
    #expect(content.tensors[0].values[1].sign == .minus)
    #expect(content.metadata == metadata)
  }

  @Test("the writer's bytes are these and no others")
  func exactBytes() {
    let bytes = Safetensors.encode(
      [
        ArchivedTensor(name: "b", shape: [1], values: [1]),
        ArchivedTensor(name: "a", shape: [], values: [-2], elementType: "I64"),
      ], metadata: ["y": "2", "x": "1"])
    let header =
      #"{"__metadata__":{"x":"1","y":"2"},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
      + #""a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}"#
    let padded = header + String(repeating: " ", count: -header.utf8.count & 7)
    #expect(bytes == Self.file(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]))
    #expect(Safetensors.encode([]) == Self.file("{}      "))
  }

  @Test("a text may escape any character")
  func escapes() throws {
    let header = #"{"__metadata__":{"\u0061\/\t":"\ud83d\ude42\u00e9"}}"#
    #expect(try Safetensors.decode(Self.file(header)).metadata == ["a/\t": "🙂é"])
  }

  @Test(
    "broken JSON is refused",
    arguments: [
      #"{"__metadata__":{"a":"\ud83d"}}"#, #"{"__metadata__":{"a":"\udc00"}}"#,
      #"{"__metadata__":{"a":"\x"}}"#, #"{"__metadata__":{"a":"\u12"#, #"{"a""#, #"{"a":01}"#,
      #"{"a":-}"#, #"{"a":1e999}"#, #"{"a":tru}"#, #"{,}"#, #"{"a":1,}"#, #"{"a":[1,]}"#, "{",
      "{\"a\nb\":1}", "{\"__metadata__\":{\"a\":\"\u{0}\"}}",
    ])
  func brokenJSON(header: String) {
    #expect(archiveError { try Safetensors.decode(Self.file(header)) }?.code == .headerSyntax)
  }
}
