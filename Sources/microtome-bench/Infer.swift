internal import ArgumentParser
internal import Networks

struct Infer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time forward passes with running statistics.")

  @OptionGroup var options: MeasurementOptions

  func run() throws {
    try Measurement("infer", options) { $0.infer() }
      .report(asJSON: options.json)
  }
}
