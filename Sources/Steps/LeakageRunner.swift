internal import Core
internal import Execution
internal import Planning

/// Compares the images that a network sees with those it is tested on; any in both fail the step.
struct LeakageRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let seen = try context.split(input: "seen")
    for name in context.action.inputs.keys.sorted() where name.hasPrefix("test/") {
      let test = try context.split(input: name)
      let shared = test.images(alsoIn: seen)
      guard shared.isEmpty else {
        throw StepFailure(
          LeakageCheck.code.name,
          "images of a test set `\(test.split)` are seen in training: "
            + LeakageCheck.list(shared), hint: LeakageCheck.hint)
      }
    }
    try context.write(output: "shared", JSON.encode(SharedImages()))
  }
}
