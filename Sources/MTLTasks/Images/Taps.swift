/// Which pixels of a line of the picture make each pixel of a resized line, and their weights.
struct Taps {
  /// What one pixel of the resized line is made of: `length` pixels of the picture from `first` on.
  struct Window<Weight: Numeric> {
    let first: Int
    let length: Int
    let weights: [Weight]

    init(first: Int, weights: [Weight]) {
      (self.first, self.weights) = (first, weights)
      length = weights.count
    }

    /// Two rows with a weight each, which may be one row twice.
    init(first: Int, second: Int, weights: (Weight, Weight)) {
      (self.first, self.weights) = (first, [weights.0, weights.1])
      length = second - first + 1
    }

    /// One pixel for each weight from `first` on; the outermost one of `side` stands in for those outside.
    init(clamping first: Int, _ weights: [Weight], side: Int) {
      self.first = min(max(first, 0), side - 1)
      length = max(min(first + weights.count, side), 1) - self.first
      var inside = [Weight](repeating: 0, count: length)
      for (place, weight) in weights.enumerated() {
        inside[min(max(first + place, 0), side - 1) - self.first] += weight
      }
      self.weights = inside
    }
  }

  /// The pixels of the picture that are used: most of a line is taken whole, because neighbours are quicker to fetch.
  enum Used {
    case range(Range<Int>)
    case list([Int32])

    var count: Int {
      switch self {
      case .range(let range): range.count
      case .list(let list): list.count
      }
    }

    /// The pixel of the picture at a place among the used ones.
    subscript(place: Int) -> Int {
      switch self {
      case .range(let range): range.lowerBound + place
      case .list(let list): Int(list[place])
      }
    }
  }

  let used: Used
  /// For each pixel of the resized line: its first pixel, by its place among the used ones, and how many follow.
  let first: [Int32]
  let lengths: [Int32]
  /// As many weights for each pixel of the resized line; one of the lists is empty.
  let places: Int
  let integers: [Int32]
  let floats: [Float]

  var count: Int { first.count }

  init(_ windows: [Window<Int32>]) { self.init(windows, integers: Taps.weights(windows), floats: []) }

  init(_ windows: [Window<Float>]) { self.init(windows, integers: [], floats: Taps.weights(windows)) }

  private init<Weight>(_ windows: [Window<Weight>], integers: [Int32], floats: [Float]) {
    let begin = windows.map(\.first).min() ?? 0
    let end = windows.map { $0.first + $0.length }.max() ?? begin
    var isUsed = [Bool](repeating: false, count: end - begin)
    for window in windows {
      for pixel in window.first..<window.first + window.length { isUsed[pixel - begin] = true }
    }
    let isSparse = isUsed.count { $0 } < isUsed.count / 2
    used = isSparse ? .list(isUsed.indices.filter { isUsed[$0] }.map { Int32($0 + begin) }) : .range(begin..<end)
    var placeOfPixel: [Int32] = []
    var next: Int32 = 0
    for isUsed in isUsed {
      placeOfPixel.append(next)
      if isUsed || !isSparse { next += 1 }
    }
    first = windows.map { placeOfPixel[$0.first - begin] }
    lengths = windows.map { Int32($0.length) }
    places = Taps.places(windows)
    (self.integers, self.floats) = (integers, floats)
  }

  private static func places<Weight>(_ windows: [Window<Weight>]) -> Int {
    windows.reduce(1) { max($0, $1.weights.count) }
  }

  private static func weights<Weight>(_ windows: [Window<Weight>]) -> [Weight] {
    let places = places(windows)
    return windows.flatMap { $0.weights + [Weight](repeating: 0, count: places - $0.weights.count) }
  }
}
