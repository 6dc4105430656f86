internal import Core
internal import ManifestModel

extension Planner {
  /// The step that looks for the training images of an experiment among its test images; `nil` where
  /// no dataset refuses leakage, so that studies without it keep their keys.
  mutating func addLeakageCheck(of experiment: Experiment) -> StepID? {
    addLeakageCheck(
      StepNames.leakage(experiment), seen: experiment.dataset, tests: experiment.testSets,
      group: experiment.name.value)
  }

  /// The same for the images that an encoder is pretrained on, and all that are tested with it.
  mutating func addLeakageCheck(
    of initialization: Initialization, on seen: Located<SplitReference>
  ) -> StepID? {
    let name = initialization.name.value
    let users = study.experiments.filter { $0.initializations.contains { $0.value == name } }
    return addLeakageCheck(
      StepNames.leakage(initialization), seen: seen, tests: users.flatMap(\.testSets), group: name)
  }

  /// Splits of one dataset are compared when it is imported, so only those of others are looked at.
  private mutating func addLeakageCheck(
    _ id: StepID, seen: Located<SplitReference>, tests: [SplitReference], group: String
  ) -> StepID? {
    var refused: [SplitReference] = []
    for test in tests where refuses(seen.value, test) && !refused.contains(test) {
      refused.append(test)
    }
    guard !refused.isEmpty else { return nil }
    var inputs = [Step.Input("seen", images(of: seen.value))]
    // By position: names must not enter an action.
    for (i, test) in refused.enumerated() { inputs.append(.init("test/\(i)", images(of: test))) }
    return add(id, .leakage, [], inputs, group: group, at: seen.location)
  }

  /// What makes a step wait until nothing was found.
  ///
  /// That nothing was found has always the same content, so another test set moves no key behind it.
  func unless(_ leakage: StepID?) -> [Step.Input] {
    leakage.map { [.init("leakage", .output($0, "shared"))] } ?? []
  }

  private func refuses(_ seen: SplitReference, _ test: SplitReference) -> Bool {
    seen.dataset != test.dataset
      && [seen, test].contains { study.dataset(named: $0.dataset)?.refusesLeakage == true }
  }

  private mutating func images(of split: SplitReference) -> Step.Input.Origin {
    .output(dataset(split), "images/\(split.split)")
  }
}
