internal import ArgumentParser
internal import Core
internal import Storage

/// The `microtome` program.
@main
struct Microtome: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "microtome",
    abstract: "Runs transfer-learning studies in computational pathology from one manifest.",
    discussion: """
      A study is one YAML file: datasets, training-subset sizes, initializations, tasks and test \
      sets. `plan` shows the steps it means and why each would run, `run` runs what is not known \
      yet, and `report` answers: where does pathology pretraining win, by how much, and at which \
      training-set size does the difference stop being significant.

        microtome new my-study > manifests/my-study.yaml
        microtome validate manifests/my-study.yaml
        microtome plan manifests/my-study.yaml
        microtome run manifests/my-study.yaml

      Exit codes: 0 done; 1 a step failed; 2 the manifest or the command line is wrong; 3 the \
      environment is wrong (missing data, unwritable store, unsupported processor); 70 a defect of \
      Microtome; 130 interrupted, and the same command goes on.
      """,
    version: version,
    // Each says what it is called: to find that out from its type costs every start 0.05 ms.
    subcommands: [
      New.self, Validate.self, PlanCommand.self, Run.self, Status.self, Why.self, Log.self,
      Show.self, Export.self, Report.self, Verify.self, Collect.self, IndexCommand.self,
      SchemaCommand.self,
      Predict.self, Measure.self, Doctor.self, BenchGraph.self, Worker.self,
    ])

  static func main() {
    let console = Console()
    let wantsJSON = CommandLine.arguments.contains("--json")
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as CommandFailure {
      fail(error, console, wantsJSON)
    } catch let error as StoreError {
      fail(CommandFailure(error), console, wantsJSON)
    } catch let error as FileError {
      fail(CommandFailure(error), console, wantsJSON)
    } catch let error as ExitCode {
      exitProcess(error.rawValue)
    } catch {
      let status = exitCode(for: error).rawValue
      if status == 0 {  // --help, --version
        console.result(fullMessage(for: error))
        exitProcess(0)
      }
      let failure =
        status == 64
        ? CommandFailure(
          status: 2, code: "command-line", message: message(for: error),
          text: fullMessage(for: error))
        : CommandFailure(defect: error)
      fail(failure, console, wantsJSON)
    }
  }

  private static func fail(_ failure: CommandFailure, _ console: Console, _ json: Bool) -> Never {
    failure.report(to: console, json: json)
    exitProcess(failure.status)
  }
}
