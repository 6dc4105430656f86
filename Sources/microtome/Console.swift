private import Glibc

/// The terminal: results to standard output, words for people to standard error.
struct Console: Sendable {
  /// Whether standard error is a terminal that can be drawn on.
  let isInteractive: Bool
  let hasColour: Bool

  init() {
    let term = getenv("TERM").map { String(cString: $0) } ?? ""
    isInteractive = isatty(2) == 1 && term != "dumb"
    let noColour = getenv("NO_COLOR").map { String(cString: $0) } ?? ""
    hasColour = isInteractive && noColour.isEmpty
  }

  /// The columns of the terminal.
  var width: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
  }

  /// Prints a result line.
  func result(_ text: String) { write(text + "\n", to: 1) }

  /// Prints a line for people.
  func say(_ text: String) { write(text + "\n", to: 2) }

  /// Writes to the terminal as it stands, for live progress.
  func draw(_ text: String) { write(text, to: 2) }

  func colour(_ text: String, _ code: Colour) -> String {
    hasColour ? "\u{1B}[\(code.rawValue)m\(text)\u{1B}[0m" : text
  }

  enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case dim = "2"
    case bold = "1"
  }

  private func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + sent, bytes.count - sent)
      }
      if count < 0, errno != EINTR { return }
      sent += max(0, count)
    }
  }
}

/// Ends the process.
func exitProcess(_ status: Int32) -> Never { exit(status) }
