import Glibc

/// The maps that a head gives for one image: channels x height x width, borrowed.
@safe public struct FeatureMaps {
  public let base: UnsafePointer<Float>
  public let channels: Int
  public let height: Int
  public let width: Int

  /// `base` must have that many values for as long as the maps are in use.
  @unsafe public init(base: UnsafePointer<Float>, channels: Int, height: Int, width: Int) {
    unsafe self.base = base
    self.channels = channels
    self.height = height
    self.width = width
  }

  public subscript(channel: Int, row: Int, column: Int) -> Float {
    unsafe base[(channel * height + row) * width + column]
  }

  /// Some of the maps, which must be there.
  public func channels(_ range: Range<Int>) -> FeatureMaps {
    unsafe FeatureMaps(
      base: base + range.lowerBound * height * width, channels: range.count, height: height, width: width)
  }
}

/// In float32, as PyTorch computes it: values that round to the same probability are equal.
func sigmoid(_ value: Float) -> Float { 1 / (1 + exp(-value)) }

/// A place of a heat map that none of its eight neighbours exceeds.
struct Peak: Equatable {
  let score: Float
  let logit: Float
  let channel: Int
  let row: Int
  let column: Int

  /// Where it lies exactly, in pixels of an input that is `scale` times as large; the middle of the pixel without offsets.
  func position(_ offset: FeatureMaps?, scale: Float) -> Point {
    let x = offset.map { $0[0, row, column] } ?? 0.5
    let y = offset.map { $0[1, row, column] } ?? 0.5
    return Point(x: (Float(column) + x) * scale, y: (Float(row) + y) * scale)
  }
}

/// The best peaks of heat maps, best first and the first of equal ones first, in memory that is kept.
struct PeakList {
  private(set) var peaks: [Peak] = []
  let limit: Int

  init(limit: Int) {
    self.limit = limit
    peaks.reserveCapacity(limit + 1)
  }

  /// Looks for the peaks of all channels together. The best of each channel and then of these are the same ones.
  /// Probabilities of 0 are no peaks, and neither are places beside something that is no number.
  mutating func find(in maps: FeatureMaps, above minimumScore: Float) {
    peaks.removeAll(keepingCapacity: true)
    for channel in 0..<maps.channels {
      for row in 0..<maps.height {
        for column in 0..<maps.width {
          let logit = maps[channel, row, column]
          // What cannot enter the list is most of the map, and it costs one comparison.
          if peaks.count == limit, let worst = peaks.last, !(logit > worst.logit) { continue }
          let score = sigmoid(logit)
          guard score > minimumScore, PeakList.isPeak(score, in: maps, channel, row, column) else { continue }
          insert(Peak(score: score, logit: logit, channel: channel, row: row, column: column))
        }
      }
    }
  }

  private mutating func insert(_ peak: Peak) {
    let place = peaks.firstIndex { peak.score > $0.score } ?? peaks.count
    if place == limit { return }
    peaks.insert(peak, at: place)
    if peaks.count > limit { peaks.removeLast() }
  }

  /// By probabilities and not by logits, of which different ones may round to the same.
  private static func isPeak(_ score: Float, in maps: FeatureMaps, _ channel: Int, _ row: Int, _ column: Int) -> Bool {
    for y in max(row - 1, 0)...min(row + 1, maps.height - 1) {
      for x in max(column - 1, 0)...min(column + 1, maps.width - 1) {
        guard sigmoid(maps[channel, y, x]) <= score else { return false }
      }
    }
    return true
  }
}
