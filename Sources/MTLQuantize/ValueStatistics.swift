/// How the elements of a value are spread, over all calibration inputs.
struct ValueStatistics {
  static let binCount = 2048

  private(set) var low = Float.infinity
  private(set) var high = -Float.infinity
  private(set) var hasStrangers = false
  /// Elements by bins of one width between `low` and `high`. Zeros are on every grid, and stand apart.
  private(set) var bins: [Double] = []
  private(set) var zeroCount = 0.0

  /// The first pass: bounds.
  mutating func widen(_ values: UnsafeBufferPointer<Float>) {
    var (low, high, sum) = (self.low, self.high, Float(0))
    for index in values.indices {
      let value = unsafe values[index]
      low = value < low ? value : low
      high = value > high ? value : high
      // Stays zero until there is something that is no finite number.
      sum += value * 0
    }
    (self.low, self.high) = (low, high)
    if sum != 0 { hasStrangers = true }
  }

  var binWidth: Double { (Double(high) - Double(low)) / Double(ValueStatistics.binCount) }

  /// What the elements of a bin are taken for.
  func center(_ bin: Int) -> Double { Double(low) + (Double(bin) + 0.5) * binWidth }

  /// The second pass: bins.
  mutating func count(_ values: UnsafeBufferPointer<Float>) {
    if bins.isEmpty { bins = [Double](repeating: 0, count: ValueStatistics.binCount) }
    guard high > low else { return }
    var counts = [UInt32](repeating: 0, count: ValueStatistics.binCount)
    let (low, last) = (self.low, Float(ValueStatistics.binCount - 1))
    let factor = Float(1 / binWidth)
    var zeros = 0
    for index in values.indices {
      let value = unsafe values[index]
      if value == 0 {
        zeros += 1
      } else {
        counts[Int(max(0, min((value - low) * factor, last)))] += 1
      }
    }
    for (bin, count) in counts.enumerated() { bins[bin] += Double(count) }
    zeroCount += Double(zeros)
  }
}
