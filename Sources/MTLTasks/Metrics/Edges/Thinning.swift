/// Thins what is set to lines one pixel wide that are connected as before (Guo and Hall, "Parallel thinning with
/// two-subiteration algorithms", 1989; conditions as MATLAB's `bwmorph(..., "thin", Inf)` documents them).
enum Thinning {
  static func thin(_ mask: [Bool], width: Int, height: Int) -> [Bool] {
    var pixels = mask
    // Only what has changed its surroundings can change next.
    var candidates = pixels.indices.filter { pixels[$0] }
    while true {
      var removed = 0
      for isFirst in [true, false] {
        let doomed = candidates.filter {
          goes(neighbours($0, pixels, width, height), isFirst: isFirst)
        }
        for place in doomed { pixels[place] = false }
        removed += doomed.count
        candidates = candidates.filter { pixels[$0] }
      }
      guard removed > 0 else { return pixels }
    }
  }

  /// The eight neighbours from the right one on, against the clock, as bits; what lies outside is not set.
  private static func neighbours(_ place: Int, _ pixels: [Bool], _ width: Int, _ height: Int) -> UInt8 {
    let (row, column) = place.quotientAndRemainder(dividingBy: width)
    let (hasLeft, hasRight, hasUpper, hasLower) = (column > 0, column + 1 < width, row > 0, row + 1 < height)
    var bits: UInt8 = 0
    if hasRight, pixels[place + 1] { bits |= 1 }
    if hasRight, hasUpper, pixels[place + 1 - width] { bits |= 2 }
    if hasUpper, pixels[place - width] { bits |= 4 }
    if hasLeft, hasUpper, pixels[place - 1 - width] { bits |= 8 }
    if hasLeft, pixels[place - 1] { bits |= 16 }
    if hasLeft, hasLower, pixels[place - 1 + width] { bits |= 32 }
    if hasLower, pixels[place + width] { bits |= 64 }
    if hasRight, hasLower, pixels[place + 1 + width] { bits |= 128 }
    return bits
  }

  private static func goes(_ bits: UInt8, isFirst: Bool) -> Bool { isFirst ? first[Int(bits)] : second[Int(bits)] }

  private static let first = (0..<256).map { rule(UInt8($0), isFirst: true) }
  private static let second = (0..<256).map { rule(UInt8($0), isFirst: false) }

  /// The conditions G1, G2 and G3 of the paper for one of the two turns; x1 is the right neighbour.
  private static func rule(_ bits: UInt8, isFirst: Bool) -> Bool {
    func x(_ index: Int) -> Bool { bits >> UInt8((index - 1) % 8) & 1 == 1 }
    let crossings = (1...4).count { !x(2 * $0 - 1) && (x(2 * $0) || x(2 * $0 + 1)) }
    let pairs = (1...4).count { x(2 * $0 - 1) || x(2 * $0) }
    let otherPairs = (1...4).count { x(2 * $0) || x(2 * $0 + 1) }
    let blocks = isFirst ? (x(2) || x(3) || !x(8)) && x(1) : (x(6) || x(7) || !x(4)) && x(5)
    return crossings == 1 && (2...3).contains(min(pairs, otherPairs)) && !blocks
  }
}
