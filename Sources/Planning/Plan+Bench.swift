internal import Core

extension Plan {
  /// The graph of `bench-graph`: producers, as many consumers that each read one, and one step that
  /// reads all consumers.
  ///
  /// - Parameter count: How many steps; producers take the odd one, and there are at least three.
  public static func bench(steps count: Int) -> Plan {
    let consumers = max(1, (count - 1) / 2)
    let producers = max(1, count - 1 - consumers)
    var steps: [Step] = []
    for i in 0..<producers { steps.append(echo(StepID("produce/\(i)"), "product \(i)\n", [])) }
    for i in 0..<consumers {
      steps.append(echo(StepID("consume/\(i)"), "consumer \(i) of ", [StepID("produce/\(i)")]))
    }
    steps.append(
      echo("aggregate", "all:\n", (0..<consumers).map { StepID("consume/\($0)") }))
    return Plan(
      study: "bench-graph", studyDigest: CanonicalValue(count).identity, steps: steps,
      warnings: [], cells: 0)
  }

  private static func echo(_ id: StepID, _ text: String, _ read: [StepID]) -> Step {
    Step(
      id: id, kind: .echo, parameters: [.init("text", .text(text), at: nil)],
      // Names in the order of the steps, however many there are: inputs are sorted by name.
      inputs: read.enumerated().map {
        let number = String($0.offset)
        let zeros = String(repeating: "0", count: max(0, 7 - number.count))
        return .init(zeros + number, .output($0.element, "text"))
      },
      seed: Located(0), group: "bench", location: nil)
  }
}
