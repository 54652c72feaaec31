import MTLGraph

/// Names that a wrong one may have meant: those a few letters away, and those that have a word of it; the nearest first.
func nearNames(to name: String, among known: [String], count: Int = 3) -> [String] {
  // Names come from files as well, and the work grows with their length.
  guard name.utf8.count <= 64 else { return [] }
  let name = name.lowercasedASCII
  let wanted = words(of: name)
  let near = known.compactMap { candidate -> (name: String, shared: Int, distance: Int)? in
    let shared = wanted.intersection(words(of: candidate)).count
    let distance = editDistance(name, candidate)
    return shared > 0 || distance <= max(2, candidate.utf8.count / 4) ? (candidate, shared, distance) : nil
  }
  let sorted = near.sorted { ($1.shared, $0.distance, $0.name) < ($0.shared, $1.distance, $1.name) }
  return sorted.prefix(count).map(\.name)
}

private func words(of name: String) -> Set<Substring> { Set(name.split { "-_. ".contains($0) }) }

/// Letters to change, add or take away, or neighbours to swap, to make one text of the other.
private func editDistance(_ left: String, _ right: String) -> Int {
  let (left, right) = (Array(left.utf8), Array(right.utf8))
  var before: [Int] = []
  var last = Array(0...right.count)
  for row in 0..<left.count {
    var next = [row + 1]
    for column in 0..<right.count {
      var cost = min(last[column] + (left[row] == right[column] ? 0 : 1), last[column + 1] + 1, next[column] + 1)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        cost = min(cost, before[column - 1] + 1)
      }
      next.append(cost)
    }
    (before, last) = (last, next)
  }
  return last[right.count]
}
