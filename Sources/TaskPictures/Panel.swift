import MTLGraph

/// A picture with what explains it: one task's answer, ready to be drawn.
public struct Panel: Sendable {
  public enum Legend: Sendable {
    /// A colour for each class that is there.
    case classes([(color: Color, name: String)])
    /// The colours of a range of numbers.
    case range(low: Float, high: Float, unit: String?)
    /// The answer in words.
    case lines([String])
  }

  public let title: String
  public let raster: Raster
  public let legend: Legend
}

/// Draws panels side by side, each with its title above and its legend below.
public enum Sheet {
  /// - Parameter panelWidth: pixels of each panel's picture; nil draws pictures as large as they are.
  public static func draw(_ panels: [Panel], columns: Int, panelWidth: Int?) throws(MTLError) -> Raster {
    guard let first = panels.first else { throw MTLError(.invalidArgument, "sheet", "has no panel") }
    let width = Double(max(panelWidth ?? max(first.raster.width, 240), 1))
    let style = Style(width: width)
    let measure = try Canvas(width: 1, height: 1, background: .paper)
    let rows = stride(from: 0, to: panels.count, by: columns).map {
      Array(panels[$0..<min($0 + columns, panels.count)])
    }
    let heights = rows.map { row in row.map { style.height($0, on: measure) }.max() ?? 0 }
    let across = Double(min(columns, panels.count))
    let canvas = try Canvas(
      width: Int((across * (width + style.gap) + style.gap).rounded(.up)),
      height: Int((heights.reduce(0, +) + style.gap).rounded(.up)), background: .paper)
    var y = style.gap
    for (row, height) in zip(rows, heights) {
      for (index, panel) in row.enumerated() {
        try style.draw(panel, on: canvas, x: style.gap + Double(index) * (width + style.gap), y: y)
      }
      y += height
    }
    return canvas.raster()
  }
}

/// Sizes and places within a panel of one width.
private struct Style {
  let width: Double

  var text: Double { min(max(width / 30, 11), 26) }
  var gap: Double { text }
  private var line: Double { text * 1.5 }

  private func pictureHeight(_ raster: Raster) -> Double {
    (width * Double(raster.height) / Double(raster.width)).rounded()
  }

  /// With the gap below it.
  func height(_ panel: Panel, on canvas: Canvas) -> Double {
    line + pictureHeight(panel.raster) + legendHeight(panel.legend, on: canvas) + gap
  }

  private func legendHeight(_ legend: Panel.Legend, on canvas: Canvas) -> Double {
    switch legend {
    case .classes(let classes): Double(places(classes.map(\.name), on: canvas).rows) * line + text / 2
    case .range: line + text
    case .lines(let lines): Double(lines.count) * line + (lines.isEmpty ? 0 : text / 2)
    }
  }

  func draw(_ panel: Panel, on canvas: Canvas, x: Double, y: Double) throws(MTLError) {
    canvas.write(shortened(panel.title, on: canvas, size: text * 1.1), x, y + text, size: text * 1.1, .ink)
    let height = pictureHeight(panel.raster)
    try canvas.draw(panel.raster, x, y + line, width, height)
    try draw(panel.legend, on: canvas, x, y + line + height + text / 2)
  }

  private func draw(_ legend: Panel.Legend, on canvas: Canvas, _ x: Double, _ y: Double) throws(MTLError) {
    switch legend {
    case .classes(let classes):
      let places = places(classes.map(\.name), on: canvas).places
      for (entry, place) in zip(classes, places) {
        let (left, top) = (x + place.x, y + Double(place.row) * line)
        canvas.fill(left, top, text, text, entry.color)
        canvas.write(
          shortened(entry.name, on: canvas, size: text), left + text * 1.4, top + text * 0.85, size: text, .ink)
      }
    case .range(let low, let high, let unit):
      let bar = Raster(width: 256, height: 1) { ColorRamp.standard.color(Float($0) / 255) }
      try canvas.draw(bar, x, y, width, text * 0.6)
      let suffix = unit.map { " " + $0 } ?? ""
      let base = y + text * 1.7
      canvas.write(rounded(low) + suffix, x, base, size: text, .ink)
      canvas.write(rounded((low + high) / 2) + suffix, x + width / 2, base, size: text, .ink, align: 0.5)
      canvas.write(rounded(high) + suffix, x + width, base, size: text, .ink, align: 1)
    case .lines(let lines):
      for (index, words) in lines.enumerated() {
        canvas.write(shortened(words, on: canvas, size: text), x, y + Double(index) * line + text, size: text, .ink)
      }
    }
  }

  /// Where the entries of a legend stand: from left to right, as many in a row as fit.
  private func places(_ names: [String], on canvas: Canvas) -> (places: [(x: Double, row: Int)], rows: Int) {
    var (x, row) = (0.0, 0)
    var places: [(x: Double, row: Int)] = []
    for name in names {
      let needed = min(text * 2.4 + canvas.measure(name, size: text), width)
      if x > 0, x + needed > width { (x, row) = (0, row + 1) }
      places.append((x, row))
      x += needed
    }
    return (places, names.isEmpty ? 0 : row + 1)
  }

  private func shortened(_ words: String, on canvas: Canvas, size: Double) -> String {
    let room = width - text * 1.4
    guard canvas.measure(words, size: size) > room else { return words }
    var short = words
    while !short.isEmpty, canvas.measure(short + "...", size: size) > room { short.removeLast() }
    return short + "..."
  }
}

/// Three significant digits or so, without an exponent where that is short.
func rounded(_ value: Float) -> String {
  let size = value.magnitude
  guard value.isFinite, size < 1e6, size == 0 || size >= 1e-3 else { return "\(value)" }
  let digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  let factor = [1, 10, 100][digits]
  let scaled = Int((Double(value) * Double(factor)).rounded())
  let whole = "\(scaled < 0 ? "-" : "")\(scaled.magnitude / UInt(factor))"
  guard digits > 0 else { return whole }
  let rest = "\(scaled.magnitude % UInt(factor))"
  return whole + "." + String(repeating: "0", count: digits - rest.count) + rest
}
