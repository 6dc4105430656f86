internal import Core
internal import Execution
internal import Planning
internal import Storage

/// Shows a run: a live bar with the running steps on a terminal, plain lines elsewhere.
final class ProgressDisplay {
  private struct Active {
    var fraction = 0.0
    var note = ""
    var threads: Int
  }

  private let console: Console
  /// The kinds of the steps that were not cached when the run began.
  private let open: [StepID: StepKind]
  /// Mean core-seconds by kind: from records, then from what this run sees.
  private var costs: [StepKind: (mean: Double, count: Int)]
  private let cores: Double
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var total = 0
  private var active: [StepID: Active] = [:]
  /// Steps with an outcome, each once however often a repair comes back to it.
  private var finished: Set<StepID> = []
  private var done: Int { finished.count }
  /// Kinds of steps that were said to be too large.
  private var warnedKinds: Set<StepKind> = []
  private var drawnLines = 0
  private var lastDrawing: ContinuousClock.Instant?

  init(
    console: Console, open: [StepID: StepKind],
    costs: [String: PastCosts.Cost], cores: Int
  ) {
    self.console = console
    self.open = open
    self.costs = [:]
    for kind in StepKind.allCases {
      if let cost = costs[kind.rawValue] { self.costs[kind] = (cost.coreSeconds, 1) }
    }
    self.cores = Double(cores)
    start = clock.now
  }

  func handle(_ event: RunEvent) {
    switch event {
    case .began(let steps): total = steps
    case .cached(let id): finished.insert(id)
    case .started(let id, let threads): active[id] = Active(threads: threads)
    case .progressed(let id, let fraction, let note):
      active[id]?.fraction = fraction
      active[id]?.note = note
    case .finished(let id, let seconds):
      learn(id, seconds)
      active[id] = nil
      finished.insert(id)
      line("\(position) \(id)  \(fixed(seconds, digits: 1)) s")
    case .failed(let failure):
      active[failure.id] = nil
      finished.insert(failure.id)
      line("\(position) \(console.colour("FAILED", .red)) \(failure.id)")
    case .retried(let failure, let limit):
      active[failure.id] = nil
      line(
        "\(console.colour("again", .yellow)) \(failure.diagnostics.first?.message ?? failure.id.text) "
          + "(retry \(failure.tries) of \(limit))")
    case .tooLarge(let id, let bytes, let budget):
      guard let kind = open[id], warnedKinds.insert(kind).inserted else { break }
      line(
        "\(console.colour("warning", .yellow))[step.too-large]: \(id) is expected to need "
          + "\(ByteCount.text(bytes)) of memory, more than the \(ByteCount.text(budget)) of the run; "
          + "such steps run alone")
    case .skipped: break
    case .repairing(let object):
      line(
        "\(console.colour("repair", .yellow)) object \(object.prefix(12)) was damaged or lost; making it again"
      )
    case .stopping:
      line("stopping: the running steps save their work; the same command goes on from there")
    case .ended: erase()
    }
    redraw()
  }

  private var position: String {
    let count = String(done)
    let indent = String(repeating: " ", count: max(0, String(total).count - count.count))
    return "[\(indent)\(count)/\(total)]"
  }

  /// A line that stays.
  private func line(_ text: String) {
    erase()
    console.say(text)
  }

  private func redraw() {
    guard console.isInteractive, !active.isEmpty else { return }
    // Ten drawings a second are enough for a person.
    if let last = lastDrawing, clock.now - last < .milliseconds(100) { return }
    lastDrawing = clock.now
    erase()
    let width = console.width
    let lines = [bar(width)] + active.keys.sorted().map { running($0, width) }
    console.draw(lines.map { $0 + "\n" }.joined())
    drawnLines = lines.count
  }

  private func bar(_ width: Int) -> String {
    let cells = max(10, min(40, width - 50))
    let share = total == 0 ? 1 : Double(done) / Double(total)
    let full = Int(share * Double(cells))
    let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
    let remaining = remainingSeconds.map { "  about \(Self.duration($0)) left" } ?? ""
    return "\(bar) \(done)/\(total)  \(Self.duration(elapsed))\(remaining)"
  }

  private func running(_ id: StepID, _ width: Int) -> String {
    let step = active[id]!
    let percent = step.fraction > 0 ? "\(fixed(step.fraction * 100, digits: 0)) %  " : ""
    return String("  ▸ \(id)  \(percent)\(step.note)".prefix(width - 1))
  }

  private func erase() {
    guard drawnLines > 0 else { return }
    console.draw("\u{1B}[\(drawnLines)A\u{1B}[J")
    drawnLines = 0
  }

  private var elapsed: Double { (clock.now - start) / .seconds(1) }

  private func learn(_ id: StepID, _ seconds: Double) {
    guard let kind = open[id], let threads = active[id]?.threads else { return }
    let known = costs[kind] ?? (0, 0)
    let sum = known.mean * Double(known.count) + seconds * Double(threads)
    costs[kind] = (sum / Double(known.count + 1), known.count + 1)
  }

  /// What the open steps cost at the mean of their kinds; `nil` while a long kind is not known.
  private var remainingSeconds: Double? {
    var coreSeconds = 0.0
    for (id, kind) in open where !finished.contains(id) {
      guard let cost = costs[kind] else {
        if kind.isHeavy { return nil }
        continue
      }
      coreSeconds += cost.mean * (1 - (active[id]?.fraction ?? 0))
    }
    return coreSeconds / cores
  }

  /// `48 s`, `3 min 20 s`, `2 h 05 min`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}
