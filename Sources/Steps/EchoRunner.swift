internal import Execution

/// Gives its text and what it reads, in the order of the inputs' names.
struct EchoRunner: StepRunner {
  func run(_ context: StepContext) throws {
    var bytes = Array(context.text("text").utf8)
    for name in context.action.inputs.keys.sorted() { bytes += try context.read(input: name) }
    try context.write(output: "text", bytes)
  }
}
