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
    let file: WeightFile
    do throws(ArchiveError) {
      file = try WeightFile.decode(bytes)
    } catch {
      throw StepFailure("weights.unreadable", "the weight file cannot be read: \(error)")
    }
    let matching: (tensors: [ArchivedTensor], report: LoadReport)
    do {
      matching = try StateDictMatching.match(
        file: file.tensors, expected: ResNet18.encoderKeys(width: context.number("model.width")))
    } catch let error as EncoderMismatch {
      throw StepFailure(
        "weights.encoder-mismatch", "\(error)",
        hint: "give weights of this encoder, and `width: 1` for published ones")
    }
    try context.write(
      output: "encoder",
      Safetensors.encode(matching.tensors, metadata: Normalization(context).metadata))
    let report = matching.report
    try context.write(
      output: "report",
      JSON.encode(
        EncoderLoad(
          matched: report.matched.count, missing: report.missing, unexpected: report.unexpected,
          share: report.share)))
  }
}
