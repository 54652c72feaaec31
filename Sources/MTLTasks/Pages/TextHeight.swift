/// Estimates the height of a page's text: of the band between the base line and the top of small letters, where most ink of a
/// line lies.
///
/// The page is looked at in upright strips, in which lines are level even on a page that is a little turned. In each strip
/// the rows with at least two fifths of the ink of a row full of ink make up the bands. The answer is the height of the band in
/// which the middle one of all rows of bands lies, so that many low bands, of stains and of strokes that stand alone, do
/// not outvote few high ones. This asks nothing of letters, which may be joined or broken.
enum TextHeight {
  /// Strips across a page: narrow ones follow lines that are not level, wide ones see enough letters.
  private static let stripCounts = [4, 6]
  /// Bands of fewer rows are noise.
  private static let leastRows = 3
  /// Of thin rows that do not end a band.
  private static let gapRows = 2
  /// Of the ink in a row full of it.
  private static let share = 0.4

  /// In pixels; nil for a page without lines of text.
  static func estimate(_ ink: InkMap) -> Double? {
    var heights: [Int] = []
    for count in stripCounts where ink.width >= count * 8 {
      for strip in 0..<count {
        heights += bands(ink, strip * ink.width / count..<(strip + 1) * ink.width / count)
      }
    }
    if heights.isEmpty { heights = bands(ink, 0..<ink.width) }
    var left = heights.reduce(0, +) / 2
    for height in heights.sorted() {
      left -= height
      if left < 0 { return Double(height) }
    }
    return heights.max().map { Double($0) }
  }

  /// Heights of the bands of one strip.
  private static func bands(_ ink: InkMap, _ columns: Range<Int>) -> [Int] {
    let profile = (0..<ink.height).map { row in
      columns.reduce(0) { $0 + (ink.isInk[row * ink.width + $1] ? 1 : 0) }
    }
    // What has less ink is the space between lines, or a speck.
    let full = profile.filter { $0 * 20 > columns.count }.sorted()
    guard !full.isEmpty else { return [] }
    let limit = max(Double(full[full.count * 3 / 4]) * share, 1)
    let dark = profile.indices.filter { Double(profile[$0]) >= limit }
    var heights: [Int] = []
    var first = dark.first ?? 0
    for (place, row) in dark.enumerated() {
      let isLast = place + 1 == dark.count || dark[place + 1] > row + 1 + gapRows
      guard isLast else { continue }
      // What touches the edge of the page is cut.
      if first > 0, row + 1 < ink.height, row + 1 - first >= leastRows { heights.append(row + 1 - first) }
      if place + 1 < dark.count { first = dark[place + 1] }
    }
    return heights
  }
}
