internal import Core
internal import Execution
private import Glibc
internal import Planning
internal import Steps
internal import Storage

/// Runs recorded steps of a study again for `verify`, and tells how they compare.
struct Rebuilding {
  let session: Session

  /// - Parameter count: How many of the recorded steps, drawn at random.
  func run(
    _ count: Int, findings: inout [StoreFinding]
  ) throws -> VerifyShape.Rebuilt {
    try Machine.requireKernels()
    let externals = try session.scan()
    let resolution = try session.resolve(externals)
    let steps = try chosen(count, resolution)
    warnOfOtherNumerics(steps, resolution)
    let rebuild = StepRebuild(
      plan: session.plan, resolution: resolution, externals: externals,
      workspace: session.workspace, program: Machine.program, threads: Machine.cores)
    var rebuilt = VerifyShape.Rebuilt()
    for step in steps {
      rebuilt.steps += 1
      let scratch = session.workspace.store.root / "tmp/rebuild-\(getpid())"
      var finding = StoreFinding(
        .step, .differs, digest: resolution.states[step.id]?.key,
        path: session.workspace.store.root, maker: step.id.text)
      switch try rebuild.run(step, in: scratch) {
      case .identical:
        rebuilt.identical += 1
        session.console.say("identical  \(step.id)")
        continue
      case .different(let name, let detail):
        finding.maker = "\(step.id): \(name)"
        finding.detail = detail
      case .failed(let detail):
        finding.problem = .failed
        finding.detail = detail
      }
      rebuilt.different.append(step.id.text)
      findings.append(finding)
      session.console.say("\(session.console.colour("different", .red))  \(step.id)")
    }
    return rebuilt
  }

  private func chosen(_ count: Int, _ resolution: Resolution) throws -> [Step] {
    let recorded = session.plan.steps.filter { resolution.record(of: $0.id) != nil }
    guard !recorded.isEmpty else {
      throw CommandFailure(
        status: 1, code: "not-run", message: "no step of the study is recorded in this store",
        hint: "run `microtome run \(session.options.manifest)`")
    }
    let fed = recorded.filter { !readsFreedObjects($0, resolution) }
    if fed.count < recorded.count {
      session.console.say(
        "left out \(recorded.count - fed.count) steps: garbage collection freed what they read")
    }
    let drawn = Set(fed.indices.shuffled().prefix(count))
    return fed.indices.filter(drawn.contains).map { fed[$0] }
  }

  private func readsFreedObjects(_ step: Step, _ resolution: Resolution) -> Bool {
    let read = Set((resolution.inputs[step.id] ?? [:]).values)
    return step.dependencies.contains { id in
      resolution.record(of: id)?.freed?.contains(where: read.contains) == true
    }
  }

  /// Bits are promised within one numerics id; a difference between two is no defect.
  private func warnOfOtherNumerics(_ steps: [Step], _ resolution: Resolution) {
    let others = Set(steps.compactMap { resolution.record(of: $0.id)?.numerics })
      .subtracting([NumericsIdentity.current])
    for other in others.sorted() {
      session.console.say(
        "warning[numerics.other]: some records were made with other numerics (\(other)) than this "
          + "program's (\(NumericsIdentity.current)): their bytes may differ")
    }
  }
}
