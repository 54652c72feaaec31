import Glibc
import MTLGraph

extension ValueStatistics {
  /// Ranges that a value's grid may cover: all that was seen, all but the outermost elements, and what the smallest error
  /// or the least loss of information asks for.
  var candidates: [ByteGrid] {
    let whole: Range = (Double(low), Double(high))
    guard bins.contains(where: { $0 > 0 }) else { return [ByteGrid(covering: low, high)].compactMap { $0 } }
    let ranges =
      [whole] + [0.999, 0.9999, 0.99999].map { percentile($0) } + [
        narrowed { squaredError($0, $1) }, narrowed { divergence($0, $1) },
      ]
    var grids: [ByteGrid] = []
    for range in ranges {
      guard let grid = ByteGrid(covering: Float(range.low), Float(range.high)), !grids.contains(grid) else { continue }
      grids.append(grid)
    }
    return grids
  }

  typealias Range = (low: Double, high: Double)

  /// The range that leaves out half of the rest at either end.
  private func percentile(_ share: Double) -> Range {
    let outside = (bins.reduce(0, +) + zeroCount) * (1 - share) / 2
    func edge(_ order: some Sequence<Int>) -> Int? {
      var passed = 0.0
      for bin in order {
        passed += bins[bin]
        if passed > outside { return bin }
      }
      return nil
    }
    let first = edge(bins.indices).map { Double(low) + Double($0) * binWidth } ?? Double(low)
    let last = edge(bins.indices.reversed()).map { Double(low) + Double($0 + 1) * binWidth } ?? Double(high)
    // Where most elements are zero, an end may be passed on the way to it.
    return (min(first, 0), max(last, 0))
  }

  /// The best range inside of all that was seen, one end after the other.
  private func narrowed(_ cost: (Double, Double) -> Double) -> Range {
    let steps = 100
    var best: Range = (min(Double(low), 0), max(Double(high), 0))
    let whole = best
    for _ in 0..<2 {
      for isHigh in [true, false] where (isHigh ? whole.high : whole.low) != 0 {
        let ends = (1...steps).map { Double($0) / Double(steps) * (isHigh ? whole.high : whole.low) }
        let costs = ends.map { isHigh ? cost(best.low, $0) : cost($0, best.high) }
        guard let least = costs.indices.min(by: { costs[$0] < costs[$1] }) else { continue }
        if isHigh { best.high = ends[least] } else { best.low = ends[least] }
      }
    }
    return best
  }

  /// What rounding inside and cutting off outside add up to.
  private func squaredError(_ low: Double, _ high: Double) -> Double {
    let step = (high - low) / 255
    let inside = step * step / 12
    return bins.indices.reduce(0) { sum, bin in
      guard bins[bin] > 0 else { return sum }
      let center = center(bin)
      let beyond = center < low ? low - center : center > high ? center - high : 0
      return sum + bins[bin] * (beyond > 0 ? beyond * beyond : inside)
    }
  }

  /// Kullback-Leibler divergence of the bins, those outside moved to the ends, from what 256 levels leave of those inside
  /// (the calibration of TensorRT, 8-bit Inference with TensorRT, 2017).
  private func divergence(_ low: Double, _ high: Double) -> Double {
    let inside = bins.indices.filter { (low...high).contains(center($0)) }
    guard let first = inside.first, let last = inside.last else { return .infinity }
    var moved = Array(bins[first...last])
    moved[0] += bins[..<first].reduce(0, +)
    moved[moved.count - 1] += bins[(last + 1)...].reduce(0, +)
    var (sums, filled) = ([Double](repeating: 0, count: 256), [Double](repeating: 0, count: 256))
    let levels = inside.map { min(255, max(0, Int((center($0) - low) / (high - low) * 256))) }
    for (bin, level) in zip(inside, levels) where bins[bin] > 0 {
      sums[level] += bins[bin]
      filled[level] += 1
    }
    let (total, kept) = (moved.reduce(0, +), sums.reduce(0, +))
    guard kept > 0 else { return .infinity }
    var result = 0.0
    for (index, level) in levels.enumerated() where moved[index] > 0 {
      let share = moved[index] / total
      // A bin that only the outside fills has nothing inside to be compared with.
      let left = filled[level] > 0 ? sums[level] / filled[level] / kept : 1e-9
      result += share * log(share / left)
    }
    return result
  }
}
