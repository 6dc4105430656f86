internal import Core
internal import Execution
private import Glibc
internal import Planning

/// Writes what happens in a run as NDJSON, one object a line, as it happens.
final class EventLog {
  private struct Line: Encodable {
    var event: String
    var step: String?
    var fraction, seconds: Double?
    var note: String?
    var steps, executed, cached, failed, retried, skipped: Int?
    var retry, threads: Int?
    var bytes: Int64?
  }

  private let file: Int32?

  init(_ path: Path?) throws {
    guard let path else {
      file = nil
      return
    }
    let file = open(path.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      throw CommandFailure(
        FileError(
          operation: "write", path: path, number: errno, reason: String(cString: strerror(errno))))
    }
    self.file = file
  }

  deinit { if let file { close(file) } }

  func write(_ event: RunEvent) {
    guard let file else { return }
    let line: Line =
      switch event {
      case .began(let steps): Line(event: "began", steps: steps)
      case .cached(let id): Line(event: "cached", step: id.text)
      case .started(let id, let threads): Line(event: "started", step: id.text, threads: threads)
      case .progressed(let id, let fraction, let note):
        Line(event: "progressed", step: id.text, fraction: fraction, note: note)
      case .finished(let id, let seconds):
        Line(event: "finished", step: id.text, seconds: seconds)
      case .failed(let failure):
        Line(event: "failed", step: failure.id.text, note: failure.diagnostics.first?.message)
      case .retried(let failure, _):
        Line(
          event: "retried", step: failure.id.text, note: failure.diagnostics.first?.message,
          retry: failure.tries)
      case .tooLarge(let id, let bytes, _):
        Line(event: "too-large", step: id.text, bytes: bytes)
      case .skipped(let count): Line(event: "skipped", skipped: count)
      case .repairing(let object): Line(event: "repairing", note: object)
      case .stopping: Line(event: "stopping")
      case .ended(let summary):
        Line(
          event: "ended", seconds: summary.seconds, executed: summary.executed,
          cached: summary.cached, failed: summary.failed, retried: summary.retried,
          skipped: summary.skipped)
      }
    let bytes = JSON.encode(line) + [UInt8(ascii: "\n")]
    _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
  }
}
