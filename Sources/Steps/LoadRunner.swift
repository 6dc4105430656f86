internal import Archives
internal import Core
internal import Execution
internal import Networks
internal import Planning

/// Fills an encoder from a published weight file and says how well it fitted.
struct LoadRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let bytes = try context.files.read(context.location("file"))
    guard SHA256.digest(of: bytes) == context.action.inputs["file"] else {
      throw StepFailure(
        "weights.changed", "the weight file changed after it was hashed", hint: "run again")
    }
    let state = try Self.fill(
      context.encoder.keys(width: context.number("model.width")), from: bytes)
    try context.write(
      output: "encoder",
      Safetensors.encode(state.tensors, metadata: Normalization(context).metadata))
    let report = state.report
    try context.write(
      output: "report",
      JSON.encode(
        EncoderLoad(
          matched: report.matched.count, missing: report.missing,
          unexpected: report.unexpected + report.ignored, share: report.share)))
    let stripped = report.strippedPrefixes.joined()
    context.note(
      "\(report.matched.count) tensors fill \(fixed(report.share * 100, digits: 1)) % of the encoder"
        + (stripped.isEmpty ? "" : ", names below `\(stripped)`"))
  }

  /// The encoder's tensors out of a weight file; one that does not fill it is an error, never a
  /// random start.
  private static func fill(
    _ expected: [(name: String, shape: [Int])], from bytes: [UInt8]
  ) throws -> MatchedState {
    do {
      let state = try StateDictMatching.load(
        file: WeightFile.decode(bytes).tensors, expected: expected)
      if let broken = state.tensors.first(where: { !$0.withValues { $0.allSatisfy(\.isFinite) } }) {
        throw StepFailure(
          "weights.non-finite", "`\(broken.name)` holds values that are not finite",
          hint: "export the weights again from a run that did not diverge")
      }
      return state
    } catch let error as ArchiveError {
      throw StepFailure(
        "weights.unreadable", "the weight file cannot be read: \(error.statement)",
        hint: error.hint)
    } catch let error as EncoderMismatch {
      throw StepFailure(
        "weights.encoder-mismatch", "\(error)",
        hint: "give weights of this encoder; published ones fit `width: 1`")
    }
  }
}
