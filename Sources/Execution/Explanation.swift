public import Core
public import Planning
private import Storage

/// One reason why a step would run: what differs from its last run, and the line that says so.
public struct Cause: Hashable, Sendable {
  /// `new`, `parameter`, `input`, `seed`, `version`, `output`, or `no-data` for files that are not
  /// here; then `name` is the dataset or initialization and `after` the place that was looked at.
  public var kind: String
  /// The step that it is about, if that is not the one asked for but one that it reads.
  public var step: StepID?
  /// The parameter, input or output.
  public var name: String
  public var before: String?
  public var after: String?
  public var location: SourceLocation?

  /// The name, with the step in front where it is another one.
  public var title: String { step.map { "\($0): \(name)" } ?? name }

  /// The cause as people read it.
  public var sentence: String {
    let place = location.map { " (\($0.file):\($0.line))" } ?? ""
    switch kind {
    case "new": return "\(name): never run in this study\(place)"
    case "output": return "\(title) is missing or damaged"
    case "no-data":
      return "\(title) is not here\(after.map { ", looked for at \($0)" } ?? "")\(place)"
    default:
      return "\(title): \(before ?? "absent") → \(after ?? "absent")\(place)"
    }
  }
}

/// Explains why steps would run by comparing their actions with those of their last runs.
public struct Explanation {
  let plan: Plan
  let resolution: Resolution
  let workspace: Workspace
  let lastKeys: [String: Digest]

  public init(of plan: Plan, _ resolution: Resolution, in workspace: Workspace) throws {
    self.plan = plan
    self.resolution = resolution
    self.workspace = workspace
    lastKeys = try workspace.index.lastKeys(in: workspace.scope)
  }

  /// What differs from the last run of a step; empty if nothing does.
  public func causes(of step: Step) -> [Cause] {
    var visited: Set<StepID> = []
    return causes(of: step, visited: &visited)
  }

  private func causes(of step: Step, visited: inout Set<StepID>) -> [Cause] {
    guard visited.insert(step.id).inserted else { return [] }
    if case .cached(let record)? = resolution.states[step.id], record.key == lastKeys[step.id.text]
    {
      return []
    }
    if case .noData(let absence)? = resolution.states[step.id] {
      return [
        Cause(
          kind: "no-data", name: absence.name, after: absence.path?.text,
          location: absence.diagnostic.location)
      ]
    }
    guard let key = lastKeys[step.id.text], let bytes = try? workspace.store.read(key),
      let last = try? CanonicalValue(decoding: bytes).list, last.count == 6
    else {
      return [Cause(kind: "new", name: step.id.text, location: step.location)]
    }
    if resolution.states[step.id]?.key == key {
      return missingOutputs(of: key)
    }
    return parameterCauses(of: step, last: last) + inputCauses(of: step, last: last, &visited)
  }

  private func parameterCauses(of step: Step, last: [CanonicalValue]) -> [Cause] {
    var causes: [Cause] = []
    let before = last[3].map ?? [:]
    let after = Dictionary(uniqueKeysWithValues: step.parameters.map { ($0.name, $0.value) })
    for name in Set(before.keys).union(after.keys).sorted()
    where before[name] != after[name]?.value {
      causes.append(
        Cause(
          kind: "parameter", name: name, before: before[name]?.description,
          after: after[name]?.value.description,
          location: after[name]?.location ?? step.location))
    }
    let seed = step.seed.map { CanonicalValue.integer($0.value) } ?? .null
    if last[5] != seed {
      causes.append(
        Cause(
          kind: "seed", name: "seed", before: last[5].description, after: seed.description,
          location: step.seed?.location))
    }
    let version = CanonicalValue(step.kind.version)
    if last[2] != version {
      causes.append(
        Cause(
          kind: "version", name: step.kind.rawValue, before: last[2].description,
          after: version.description))
    }
    return causes
  }

  private func inputCauses(
    of step: Step, last: [CanonicalValue], _ visited: inout Set<StepID>
  ) -> [Cause] {
    let before = last[4].map ?? [:]
    var causes: [Cause] = []
    var named = Set(step.inputs.map(\.name))
    for input in step.inputs {
      // One input that is not known yet hides the others from the resolution.
      var digest = resolution.inputs[step.id]?[input.name]
      if digest == nil, case .output(let id, let output) = input.origin {
        digest = resolution.record(of: id)?[output: output]?.digest
      }
      let old = before[input.name]?.digest
      if let digest, digest == old { continue }
      // An input whose maker has reasons of its own is explained by those, down to their lines.
      if case .output(let id, let output) = input.origin, let maker = plan[id] {
        let known = resolution.record(of: id)?[output: output]?.digest
        if let known, known == old { continue }
        let reasons = causesInFull(of: maker, &visited)
        if !reasons.isEmpty {
          causes += reasons
          continue
        }
        // Its maker was explained already, through another input.
        if known == nil, visited.contains(id) { continue }
      }
      let files = digest.flatMap { differingFiles(old, $0) }.map { ": \($0)" } ?? ""
      causes.append(
        Cause(
          kind: "input", name: input.name + files, before: old?.hex, after: digest?.hex,
          location: step.location))
    }
    named.formSymmetricDifference(before.keys)
    for name in named.sorted() where before[name] != nil {
      causes.append(
        Cause(
          kind: "input", name: name, before: before[name]?.description, location: step.location))
    }
    return causes
  }

  /// The first names under which two trees differ; `nil` for inputs that are no trees.
  private func differingFiles(_ before: Digest?, _ after: Digest) -> String? {
    func tree(_ digest: Digest) -> Tree? {
      (try? workspace.store.read(digest)).flatMap { try? Tree(decoding: $0) }
    }
    guard let before = before.flatMap(tree), let after = tree(after) else { return nil }
    let differing = after.differingNames(from: before)
    return differing.prefix(3).joined(separator: ", ") + (differing.count > 3 ? ", ..." : "")
  }

  private func causesInFull(of maker: Step, _ visited: inout Set<StepID>) -> [Cause] {
    causes(of: maker, visited: &visited).map { cause in
      var cause = cause
      if cause.step == nil, cause.kind != "new" { cause.step = maker.id }
      return cause
    }
  }

  private func missingOutputs(of key: Digest) -> [Cause] {
    guard let record = try? workspace.store.record(for: key) else {
      return [Cause(kind: "output", name: "its record")]
    }
    return record.outputs.compactMap { output in
      (try? workspace.store.size(of: output.digest)) == output.bytes
        ? nil : Cause(kind: "output", name: output.name, before: output.digest.hex)
    }
  }
}
