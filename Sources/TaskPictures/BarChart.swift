import MTLGraph

/// Bars of percentages to the left and right of a line in the middle, in groups with a heading.
public struct BarChart: Sendable {
  public struct Bar: Sendable {
    let label: String
    /// In percent.
    let value: Double
    /// Written beside the bar.
    let note: String
    let isGood: Bool

    public init(label: String, value: Double, note: String, isGood: Bool) {
      (self.label, self.value, self.note, self.isGood) = (label, value, note, isGood)
    }
  }

  private let title: String
  private var groups: [(heading: String, bars: [Bar])] = []

  private static let good = Color(46, 125, 50)
  private static let bad = Color(198, 40, 40)
  private static let faint = Color(200, 200, 196)
  private static let width = 900
  private static let line = 26.0

  public init(title: String) { self.title = title }

  public mutating func add(_ heading: String, _ bars: [Bar]) { groups.append((heading, bars)) }

  public func draw() throws(MTLError) -> Raster {
    let rows = groups.reduce(0) { $0 + $1.bars.count + 2 } + 2
    let canvas = try Canvas(
      width: BarChart.width, height: Int(Double(rows) * BarChart.line), background: .paper)
    canvas.write(title, 20, BarChart.line * 1.2, size: 18, .ink)
    var y = BarChart.line * 2
    for (heading, bars) in groups {
      canvas.write(heading, 20, y + 18, size: 15, .ink)
      y += BarChart.line
      let largest = max(bars.map(\.value.magnitude).max() ?? 0, 1e-9)
      let middle = 560.0
      canvas.fill(middle, y, 1, Double(bars.count) * BarChart.line, BarChart.faint)
      for bar in bars {
        draw(bar, on: canvas, middle: middle, scale: 180 / largest, y: y)
        y += BarChart.line
      }
      y += BarChart.line
    }
    return canvas.raster()
  }

  private func draw(_ bar: Bar, on canvas: Canvas, middle: Double, scale: Double, y: Double) {
    let length = bar.value * scale
    let color = bar.isGood ? BarChart.good : BarChart.bad
    canvas.write(bar.label, 20, y + 17, size: 13, .ink)
    canvas.fill(length < 0 ? middle + length : middle, y + 5, max(length.magnitude, 1), 16, color)
    canvas.write(
      bar.note, length < 0 ? middle + length - 8 : middle + length + 8, y + 17, size: 13, .ink,
      align: length < 0 ? 1 : 0)
  }
}
