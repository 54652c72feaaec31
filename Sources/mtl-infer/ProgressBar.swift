import FoundationEssentials
import Glibc

/// A line on the terminal that says how far a long run is; nothing where standard error is no terminal.
struct ProgressBar {
  private let total: Int
  private let start = Date()
  private let isShown: Bool
  private var lastDrawn = Date.distantPast

  /// Runs of a handful of items need no bar.
  init(total: Int) {
    self.total = total
    isShown = total > 8 && isatty(STDERR_FILENO) == 1
  }

  mutating func update(_ done: Int) {
    guard isShown, done == total || Date().timeIntervalSince(lastDrawn) > 0.1 else { return }
    lastDrawn = Date()
    let width = 30
    let filled = width * done / total
    let elapsed = Date().timeIntervalSince(start)
    let left = done > 0 ? elapsed / Double(done) * Double(total - done) : 0
    let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
    write("\r[\(bar)] \(done)/\(total)  \(Format.decimals(left, 0)) s left ")
  }

  /// Takes the line away, before anything else is printed.
  func clear() {
    if isShown { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) { writeToStandardError(text) }
}
