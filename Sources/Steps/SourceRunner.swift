internal import Execution

/// Records the listing of a dataset's files, which the controller has hashed in place.
struct SourceRunner: StepRunner {
  func run(_ context: StepContext) throws {
    try context.write(output: "listing", context.read(input: "files"))
  }
}
