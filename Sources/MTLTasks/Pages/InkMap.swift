import MTLGraph

/// Where a picture of a page is written on: what is darker than its surroundings, whatever the paper and the light.
struct InkMap {
  let width: Int
  let height: Int
  /// Row by row.
  let isInk: [Bool]

  /// Pixels of the surroundings to each side, as a share of the shorter side of the page.
  private static let reach = 1.0 / 24

  init(_ page: PixelView) {
    let rgb = page.rgb()
    (width, height) = page.size
    let gray = (0..<rgb.count / 3).map { InkMap.luma(rgb[3 * $0], rgb[3 * $0 + 1], rgb[3 * $0 + 2]) }
    let radius = max(Int(Double(min(width, height)) * InkMap.reach), 8)
    let means = InkMap.means(gray, width, height, radius)
    let darkness = zip(means, gray).map { UInt8(clamping: $0 - $1) }
    let threshold = InkMap.threshold(darkness)
    isInk = darkness.map { $0 > threshold }
  }

  /// ITU-R 601-2.
  private static func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int32 {
    let sum: Int32 = 299 * Int32(red) + 587 * Int32(green) + 114 * Int32(blue)
    return sum / 1000
  }

  /// Of the square around each pixel, as far as it lies in the picture: rows first, then columns.
  private static func means(_ gray: [Int32], _ width: Int, _ height: Int, _ radius: Int) -> [Int32] {
    var rows = gray
    for row in 0..<height { smooth(gray, into: &rows, start: row * width, step: 1, count: width, radius) }
    var all = rows
    for column in 0..<width { smooth(rows, into: &all, start: column, step: width, count: height, radius) }
    return all
  }

  /// The running mean along a line.
  private static func smooth(
    _ values: [Int32], into means: inout [Int32], start: Int, step: Int, count: Int, _ radius: Int
  ) {
    var sum = (0..<min(radius, count)).reduce(0) { $0 + Int(values[start + $1 * step]) }
    var (first, end) = (0, min(radius, count))
    for place in 0..<count {
      if place + radius < count {
        sum += Int(values[start + (place + radius) * step])
        end = place + radius + 1
      }
      if place - radius > 0 {
        sum -= Int(values[start + (place - radius - 1) * step])
        first = place - radius
      }
      means[start + place * step] = Int32(sum / max(end - first, 1))
    }
  }

  /// Otsu's threshold ("A threshold selection method from gray-level histograms", 1979), and never so low that the grain of
  /// paper counts as ink.
  private static func threshold(_ values: [UInt8]) -> UInt8 {
    var histogram = [Int](repeating: 0, count: 256)
    for value in values { histogram[Int(value)] += 1 }
    let total = values.count
    let sum = histogram.enumerated().reduce(0) { $0 + $1.offset * $1.element }
    var (below, sumBelow) = (0, 0)
    var (best, most) = (0, -1.0)
    for level in 0..<255 {
      below += histogram[level]
      sumBelow += level * histogram[level]
      guard below > 0, below < total else { continue }
      let distance = Double(sumBelow) / Double(below) - Double(sum - sumBelow) / Double(total - below)
      let variance = Double(below) * Double(total - below) * distance * distance
      if variance > most { (best, most) = (level, variance) }
    }
    return UInt8(max(best, 16))
  }

  /// Share of a region that is ink; the region must lie in the page.
  func share(_ region: PixelView.Region) -> Double {
    var count = 0
    for row in region.y..<region.y + region.height {
      for column in region.x..<region.x + region.width where isInk[row * width + column] { count += 1 }
    }
    return Double(count) / Double(region.width * region.height)
  }
}
