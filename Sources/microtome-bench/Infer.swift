internal import ArgumentParser

struct Infer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time forward passes with running statistics.")

  @OptionGroup var options: MeasurementOptions

  func run() throws {
    try Measurement("infer", options, trains: false) { _ = $0.infer() }
      .report(asJSON: options.json)
  }
}
