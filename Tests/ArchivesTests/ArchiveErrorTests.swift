import Testing

@testable import Archives

@Suite("Archive errors")
struct ArchiveErrorTests {
  @Test(
    "an error is one line that says where, what and what to do",
    arguments: [
      (
        ArchiveError(.opcode, in: "data.pkl", at: .byte(9), "what"),
        "data.pkl, byte 9: what [pickle.opcode]"
      ),
      (
        ArchiveError(.npyValue, in: "NPY data", "what", hint: "do this"),
        "NPY data: what [npy.value]; do this"
      ),
      (ArchiveError(.hole, in: "buffer", "what"), "buffer: what [safetensors.hole]"),
    ])
  func rendering(error: ArchiveError, text: String) { #expect(error.description == text) }

  @Test("names from a file cannot break the line or fill the screen")
  func names() {
    #expect(ArchiveError.shown("a\nb\u{1b}[31m\u{202e}") == "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}")
    #expect(
      ArchiveError.shown(String(repeating: "x", count: 500)).unicodeScalars.count == 81)
    #expect(ArchiveError.shown("layer1.0.conv1.weight") == "layer1.0.conv1.weight")
  }
}
