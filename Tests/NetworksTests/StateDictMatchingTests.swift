import Archives
import Core
import Testing

@testable import Networks

@Suite("Matching a weight file to an encoder")
struct StateDictMatchingTests {
  static let encoder: [(name: String, shape: [Int])] = [
    ("conv1.weight", [2, 1]), ("bn1.weight", [2]), ("bn1.num_batches_tracked", []),
  ]

  func tensor(_ name: String, _ shape: [Int], _ value: Float = 1) -> ArchivedTensor {
    ArchivedTensor(
      name: name, shape: shape,
      values: [Float](repeating: value, count: shape.reduce(1, *)))
  }

  @Test(
    "prefixes of published files are stripped and recorded",
    arguments: [
      ([], ""), (["module."], "module."), (["model.", "resnet."], "model.resnet."),
      (["module.", "encoder_q."], "module.encoder_q."),
      (["teacher.", "module.", "backbone."], "teacher.module.backbone."),
      (["_feature_blocks."], "_feature_blocks."), (["trunk.", "encoder."], "trunk.encoder."),
    ] as [([String], String)])
  func prefixes(chain: [String], prefix: String) throws {
    let file = [
      tensor(prefix + "conv1.weight", [2, 1], 5), tensor(prefix + "bn1.weight", [2], 6),
      tensor(prefix + "bn1.num_batches_tracked", [], 7), tensor(prefix + "fc.weight", [3]),
    ]
    let state = try StateDictMatching.load(file: file, expected: Self.encoder)
    #expect(state.report.strippedPrefixes == chain)
    #expect(state.tensors.map(\.name) == Self.encoder.map(\.name))
    #expect(state.tensors.map(\.values) == [[5, 5], [6, 6], [7]])
    #expect(state.report.ignored == [prefix + "fc.weight"])
    #expect(state.report.unexpected == [])
    #expect(state.report.share == 1)
  }

  @Test("of two copies the one that fits more is taken")
  func bestFit() throws {
    let file = [
      tensor("encoder_k.conv1.weight", [2, 1]), tensor("encoder_q.conv1.weight", [2, 1], 3),
      tensor("encoder_q.bn1.weight", [2], 4), tensor("model.conv1.weight", [2, 1]),
    ]
    let state = try StateDictMatching.load(file: file, expected: Self.encoder)
    #expect(state.report.strippedPrefixes == ["encoder_q."])
    #expect(state.tensors.map(\.values) == [[3, 3], [4, 4]])
    #expect(state.report.absentOptional == ["bn1.num_batches_tracked"])
    #expect(state.report.unexpected == ["encoder_k.conv1.weight", "model.conv1.weight"])
    #expect(state.report.parametersExpected == 4)
  }

  @Test("fewer prefixes win a tie, and names that need none keep theirs")
  func ties() {
    let file = [tensor("conv1.weight", [2, 1], 1), tensor("module.conv1.weight", [2, 1], 2)]
    let state = StateDictMatching.match(file: file, expected: [("conv1.weight", [2, 1])])
    #expect(state.report.strippedPrefixes == [])
    #expect(state.tensors.first?.values == [1, 1])
  }

  @Test("a tensor that is missing is an error that names it")
  func missing() {
    let file = [tensor("conv1.weight", [2, 1])]
    let error = #expect(throws: EncoderMismatch.self) {
      try StateDictMatching.load(file: file, expected: Self.encoder)
    }
    #expect(
      error?.description
        == "the weights fill 50 % of the encoder: 1 tensor is missing (bn1.weight); "
        + "check that the file holds the whole encoder")
    #expect(
      StateDictMatching.match(file: file, expected: Self.encoder, optional: ["bn1.weight"])
        .report.isComplete)
  }

  @Test("a tensor of another shape is an error that shows both")
  func shapes() {
    let file = [tensor("conv1.weight", [2, 3]), tensor("bn1.weight", [2])]
    let error = #expect(throws: EncoderMismatch.self) {
      try StateDictMatching.load(file: file, expected: Self.encoder)
    }
    #expect(
      error?.report.shapeMismatches == [
        .init(name: "conv1.weight", expected: [2, 1], found: [2, 3])
      ])
    #expect(
      error?.description
        == "the weights fill 50 % of the encoder: 1 has another shape "
        + "(conv1.weight is [2, 3], not [2, 1]); "
        + "choose the encoder that the weights were trained with")
  }

  @Test("a file of something else is named by what it holds")
  func foreign() {
    let error = #expect(throws: EncoderMismatch.self) {
      try StateDictMatching.load(
        file: [tensor("cls_token", [1]), tensor("norm.bias", [1])], expected: Self.encoder)
    }
    #expect(
      error?.hint
        == "name the weights of this encoder; the file holds `cls_token`, `norm.bias`")
  }

  @Test(
    "old spellings of DenseNet are read as new ones",
    arguments: [
      ("features.denseblock1.denselayer12.norm.1.weight", "norm1.weight"),
      ("features.denseblock1.denselayer12.conv.2.weight", "conv2.weight"),
      ("module.features.denseblock1.denselayer12.norm.2.running_mean", "norm2.running_mean"),
    ])
  func densenet(old: String, ending: String) throws {
    let expected = "features.denseblock1.denselayer12.\(ending)"
    let state = try StateDictMatching.load(
      file: [tensor(old, [3])], expected: [(expected, [3])])
    #expect(state.report.renamed == [.init(from: old, to: expected)])
  }

  @Test(
    "other names are left alone",
    arguments: [
      "denselayer1.norm1.weight", "layer1.norm.1.weight", "a.denselayer1.norm.3.bias", "",
    ]
  )
  func notDensenet(name: String) { #expect(StateDictMatching.modernName(name) == name) }

  @Test("the report reads back from its JSON, which carries the share")
  func json() throws {
    let file = [tensor("conv1.weight", [2, 3]), tensor("x", [1]), tensor("fc.bias", [1])]
    let report = StateDictMatching.match(file: file, expected: Self.encoder).report
    let bytes = JSON.encode(report)
    #expect(String(decoding: bytes, as: UTF8.self).contains("\"share\":0"))
    #expect(try JSON.decode(LoadReport.self, from: bytes) == report)
  }
}
