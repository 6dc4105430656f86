import Archives
import Networks
import Testing

@Suite("Weights of a larger encoder")
struct StateDictSurplusTests {
  private static func file(_ names: [String], prefix: String = "") -> [ArchivedTensor] {
    names.map { ArchivedTensor(name: prefix + $0, shape: [1], values: [1]) }
  }

  private static let expected: [(name: String, shape: [Int])] = [
    ("conv1.weight", [1]), ("layer1.0.conv1.weight", [1]),
  ]

  @Test(
    "blocks that the encoder does not have are an error",
    arguments: ["", "module.", "model.resnet."])
  func larger(prefix: String) throws {
    let file = Self.file(
      ["conv1.weight", "layer1.0.conv1.weight", "layer1.2.conv1.weight"], prefix: prefix)
    let error = try #require(throws: EncoderMismatch.self) {
      try StateDictMatching.load(file: file, expected: Self.expected)
    }
    #expect(error.report.surplus == [prefix + "layer1.2.conv1.weight"])
    #expect("\(error)".contains("no place"))
  }

  @Test(
    "heads and counters are no part of an encoder",
    arguments: ["fc.weight", "bn1.num_batches_tracked", "layer1.0.bn1.num_batches_tracked"])
  func counters(name: String) throws {
    let file = Self.file(["conv1.weight", "layer1.0.conv1.weight", name])
    let state = try StateDictMatching.load(file: file, expected: Self.expected)
    #expect(state.report.isComplete)
    #expect(state.tensors.count == 2)
  }
}
