internal import ArgumentParser
internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Storage

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the results and the report again from the records; nothing runs.")

  @OptionGroup var options: StudyOptions

  @Flag(help: "Overwrite results that another manifest wrote.")
  var replace = false

  func run() throws {
    let session = try Session(options)
    let results = try ResultsDirectory(session, replace: replace)
    let externals = try session.scan()
    let resolution = try session.resolve(externals)
    var records: [StepID: ActionRecord] = [:]
    for step in session.plan.steps { records[step.id] = resolution.record(of: step.id) }
    let missing = session.plan.steps.count - records.count
    guard missing == 0 else {
      throw CommandFailure(
        status: 1, code: "not-complete", message: "\(missing) steps of the study are not done",
        hint: "run `microtome run \(options.manifest)`")
    }
    let outcome = try results.write(records: records, externals: externals)
    if options.json {
      session.console.result(
        JSON.text(["results": session.workspace.results.text, "study": session.study.name.value]))
    }
    for warning in outcome.warnings { session.console.say("warning: \(warning)") }
    for answer in outcome.answers { session.console.say(answer) }
    session.console.say(
      outcome.changed.isEmpty
        ? "results are as they were: \(session.workspace.results)"
        : "wrote \(outcome.changed.joined(separator: ", ")) in \(session.workspace.results)")
  }
}
