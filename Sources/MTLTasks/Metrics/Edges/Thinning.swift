/// Thins what is set to lines one pixel wide that are connected as before (Guo and Hall, "Parallel thinning with
/// two-subiteration algorithms", 1989; conditions as MATLAB's `bwmorph(..., "thin", Inf)` documents them).
enum Thinning {
  static func thin(_ mask: [Bool], width: Int, height: Int) -> [Bool] {
    var pixels = mask
    // A pixel can go only where its surroundings have changed since it was looked at in the same turn: in this turn's last
    // but one or last pass.
    var changed = pixels.indices.filter { pixels[$0] }
    var changedBefore = changed
    var isFirst = true
    var listed = [Int](repeating: -1, count: pixels.count)
    var pass = 0
    while !changed.isEmpty || !changedBefore.isEmpty {
      var doomed: [Int] = []
      for place in [changed, changedBefore].joined() where pixels[place] && listed[place] != pass {
        listed[place] = pass
        if goes(neighbours(place, pixels, width, height), isFirst: isFirst) { doomed.append(place) }
      }
      for place in doomed { pixels[place] = false }
      changedBefore = changed
      changed = doomed.flatMap { around($0, width, height) }.filter { pixels[$0] }
      isFirst.toggle()
      pass += 1
    }
    return pixels
  }

  /// The places around one, as far as there are any.
  private static func around(_ place: Int, _ width: Int, _ height: Int) -> [Int] {
    let (row, column) = place.quotientAndRemainder(dividingBy: width)
    return (max(row - 1, 0)...min(row + 1, height - 1)).flatMap { y in
      (max(column - 1, 0)...min(column + 1, width - 1)).map { y * width + $0 }
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
