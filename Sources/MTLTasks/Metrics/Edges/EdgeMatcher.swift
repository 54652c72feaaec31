/// Matches found edge pixels one to one with true ones, as many as can be, no pair farther apart than a share of the
/// picture's diagonal.
///
/// The Berkeley benchmark's `correspondPixels` looks for the cheapest match at a price for pixels that stay alone which is
/// above that of any pair, so that its pairs are as many as can be, too; only their number enters the metric. Pairs are found by
/// Hopcroft and Karp's algorithm.
struct EdgeMatcher {
  let truthCount: Int
  private let width: Int
  private let height: Int
  /// Number of the true pixel at each place, -1 for none.
  private let truthAt: [Int32]
  /// How far a pair may be apart: rows, and pixels along each of them, nearest ones first.
  private let offsets: [(row: Int, column: Int)]

  init(width: Int, height: Int, truth: [Bool], share: Double) {
    (self.width, self.height) = (width, height)
    var numbers = [Int32](repeating: -1, count: width * height)
    var count = 0
    for (place, isEdge) in zip(numbers.indices, truth) where isEdge {
      numbers[place] = Int32(count)
      count += 1
    }
    (truthAt, truthCount) = (numbers, count)
    let reach = share * Double(width * width + height * height).squareRoot()
    let radius = Int(reach)
    var near: [(row: Int, column: Int, squaredDistance: Int)] = []
    for row in -radius...radius {
      for column in -radius...radius {
        let squared = row * row + column * column
        if Double(squared) <= reach * reach { near.append((row, column, squared)) }
      }
    }
    offsets = near.sorted { $0.squaredDistance < $1.squaredDistance }.map { ($0.row, $0.column) }
  }

  /// How many pairs there can be.
  func matchCount(_ found: [Bool]) -> Int {
    var graph = Bipartite(rightCount: truthCount)
    for place in found.indices where found[place] {
      let (row, column) = place.quotientAndRemainder(dividingBy: width)
      for offset in offsets {
        let (y, x) = (row + offset.row, column + offset.column)
        guard y >= 0, y < height, x >= 0, x < width else { continue }
        let number = truthAt[y * width + x]
        if number >= 0 { graph.targets.append(number) }
      }
      graph.endLeft()
    }
    return graph.maximumMatching()
  }
}

/// Two sets of nodes and the edges between them.
private struct Bipartite {
  /// Right ends of the edges of each left node, one node after the other.
  var targets: [Int32] = []
  private var starts: [Int] = [0]
  private var rightOf: [Int32] = []
  private var leftOf: [Int32]
  private var level: [Int32] = []
  private var next: [Int] = []

  init(rightCount: Int) { leftOf = [Int32](repeating: -1, count: rightCount) }

  /// The edges added since the last left node are those of a new one.
  mutating func endLeft() { starts.append(targets.count) }

  mutating func maximumMatching() -> Int {
    let leftCount = starts.count - 1
    rightOf = [Int32](repeating: -1, count: leftCount)
    level = [Int32](repeating: -1, count: leftCount)
    var size = 0
    for left in 0..<leftCount {
      guard let right = targets[starts[left]..<starts[left + 1]].first(where: { leftOf[Int($0)] < 0 }) else { continue }
      (rightOf[left], leftOf[Int(right)]) = (right, Int32(left))
      size += 1
    }
    while findLevels() {
      next = Array(starts.dropLast())
      for left in 0..<leftCount where rightOf[left] < 0 && augment(left) { size += 1 }
    }
    return size
  }

  /// How many steps each left node is from a free one; false where no free right node can be reached.
  private mutating func findLevels() -> Bool {
    var queue: [Int] = []
    for left in rightOf.indices {
      level[left] = rightOf[left] < 0 ? 0 : -1
      if rightOf[left] < 0 { queue.append(left) }
    }
    var isReached = false
    var place = 0
    while place < queue.count {
      let left = queue[place]
      place += 1
      for edge in starts[left]..<starts[left + 1] {
        let owner = leftOf[Int(targets[edge])]
        if owner < 0 {
          isReached = true
        } else if level[Int(owner)] < 0 {
          level[Int(owner)] = level[left] + 1
          queue.append(Int(owner))
        }
      }
    }
    return isReached
  }

  /// Turns a path from a free left node to a free right one around. Without recursion: paths may be long.
  private mutating func augment(_ start: Int) -> Bool {
    var path = [start]
    while let left = path.last {
      guard next[left] < starts[left + 1] else {
        level[left] = -1
        path.removeLast()
        if let before = path.last { next[before] += 1 }
        continue
      }
      let owner = leftOf[Int(targets[next[left]])]
      if owner < 0 {
        for node in path {
          let right = targets[next[node]]
          (rightOf[node], leftOf[Int(right)]) = (right, Int32(node))
        }
        return true
      }
      if level[Int(owner)] == level[left] + 1 {
        path.append(Int(owner))
      } else {
        next[left] += 1
      }
    }
    return false
  }
}
