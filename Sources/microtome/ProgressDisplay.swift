internal import Core
internal import Execution
internal import Planning

/// Shows a run: a live bar with the running steps on a terminal, plain lines elsewhere.
final class ProgressDisplay {
  private struct Active {
    var fraction = 0.0
    var note = ""
    var start: ContinuousClock.Instant
  }

  private let console: Console
  /// Expected core-seconds of each step that is not cached; empty without records.
  private let expected: [StepID: Double]
  private let cores: Double
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var total = 0
  private var done = 0
  private var executed = 0
  private var active: [StepID: Active] = [:]
  private var finished: Set<StepID> = []
  private var drawnLines = 0
  private var lastDrawing: ContinuousClock.Instant?

  init(console: Console, expected: [StepID: Double], cores: Int) {
    self.console = console
    self.expected = expected
    self.cores = Double(cores)
    start = clock.now
  }

  func handle(_ event: RunEvent) {
    switch event {
    case .began(let steps): total = steps
    case .cached(let id):
      done += 1
      finished.insert(id)
    case .started(let id, _):
      active[id] = Active(start: clock.now)
      if !console.isInteractive, expected[id] ?? 0 > 20 { console.say("start  \(id)") }
    case .progressed(let id, let fraction, let note):
      active[id]?.fraction = fraction
      active[id]?.note = note
    case .finished(let id, let seconds):
      active[id] = nil
      finished.insert(id)
      done += 1
      executed += 1
      line("\(position) \(id)  \(fixed(seconds, digits: 1)) s")
    case .failed(let failure):
      active[failure.id] = nil
      finished.insert(failure.id)
      line("\(position) \(console.colour("FAILED", .red)) \(failure.id)")
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
    let width = String(total).count
    let count = String(done)
    return "[\(String(repeating: " ", count: width - count.count))\(count)/\(total)]"
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

  /// From the cost of past actions of the same kind.
  private var remainingSeconds: Double? {
    guard !expected.isEmpty else { return nil }
    let open = expected.reduce(0.0) { sum, step in
      guard !finished.contains(step.key) else { return sum }
      return sum + step.value * (1 - (active[step.key]?.fraction ?? 0))
    }
    return open / cores
  }

  /// `48 s`, `3 min 20 s`, `2 h 05 min`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}
