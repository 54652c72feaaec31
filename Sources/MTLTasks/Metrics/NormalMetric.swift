import Glibc
import MTLNetworks

/// Angles between predicted and true surface normals over all valid pixels of the set, in degrees: mean, median, root mean
/// square, and the shares within 11.25, 22.5 and 30 degrees (LibMTL's `NormalMetric`; mtan takes medians of batches and
/// averages those).
public struct NormalMetric: Metric {
  private static let limits = [11.25, 22.5, 30]
  private let invalid: Float?
  private var sum = 0.0
  private var squared = 0.0
  private var within = [0, 0, 0]
  private var angles = RunningMedian()

  /// - Parameter convention: without a value that marks invalid truths in all three parts, parts that add up to 0 do, as
  ///   the code bases have it.
  public init(convention: TaskConvention = TaskConvention()) { invalid = convention.invalid.map { Float($0) } }

  /// Adds one picture.
  ///
  /// - Parameter truth: x, y, z of each of the map's pixels; what is no number is invalid.
  public mutating func add(_ map: NormalMap, truth: [Float]) {
    for pixel in 0..<min(map.vectors.count, truth.count) / 3 {
      let (x, y, z) = (truth[3 * pixel], truth[3 * pixel + 1], truth[3 * pixel + 2])
      guard invalid.map({ x != $0 || y != $0 || z != $0 }) ?? (x + y + z != 0), !x.isNaN else { continue }
      let product =
        Double(x) * Double(map.vectors[3 * pixel]) + Double(y) * Double(map.vectors[3 * pixel + 1]) + Double(z)
        * Double(map.vectors[3 * pixel + 2])
      let angle = acos(min(max(product, -1), 1)) * 180 / Double.pi
      sum += angle
      squared += angle * angle
      angles.add(angle)
      for (index, limit) in NormalMetric.limits.enumerated() { within[index] += angle < limit ? 1 : 0 }
    }
  }

  public func isLike(_ new: NormalMetric) -> Bool { within.count == new.within.count }

  public var figures: [Figure] {
    guard angles.count > 0 else { return [] }
    let total = Double(angles.count)
    return [
      Figure("mean_angle", sum / total, isHigherBetter: false, unit: "degrees"),
      Figure("median_angle", angles.median, isHigherBetter: false, unit: "degrees"),
      Figure("rmse_angle", sqrt(squared / total), isHigherBetter: false, unit: "degrees"),
      Figure("within_11.25", Double(within[0]) / total, isHigherBetter: true),
      Figure("within_22.5", Double(within[1]) / total, isHigherBetter: true),
      Figure("within_30", Double(within[2]) / total, isHigherBetter: true),
    ]
  }
}

/// The median of numbers that are not negative, to one part in four million, however many there are: a histogram over
/// the leading bits of their floating-point form, of which parts are kept only where there are numbers.
struct RunningMedian: Sendable, Equatable {
  /// By exponent, of each leading part of the fraction.
  private var pages: [UInt64: [UInt32]] = [:]
  private(set) var count = 0

  private static let fractionBits: UInt64 = 21

  /// Below this, numbers count as it: pages of ever smaller ones would have no end.
  private static let least = 0x1p-12

  mutating func add(_ value: Double) {
    let bits = max(value, RunningMedian.least).bitPattern
    let place = Int(bits >> (52 - RunningMedian.fractionBits) & (1 << RunningMedian.fractionBits - 1))
    let page = bits >> 52
    pages[page, default: [UInt32](repeating: 0, count: 1 << RunningMedian.fractionBits)][place] &+= 1
    count += 1
  }

  /// Of an even count the mean of the two in the middle, as numpy.median has it; 0 without numbers.
  var median: Double { count == 0 ? 0 : (value(at: (count - 1) / 2) + value(at: count / 2)) / 2 }

  /// The middle of the place where the number of this rank lies.
  private func value(at rank: Int) -> Double {
    var left = rank
    for (page, places) in pages.sorted(by: { $0.key < $1.key }) {
      for (place, many) in places.enumerated() {
        left -= Int(many)
        guard left < 0 else { continue }
        let shift = 52 - RunningMedian.fractionBits
        return Double(bitPattern: page << 52 | UInt64(place) << shift | 1 << (shift - 1))
      }
    }
    return 0
  }
}

/// As pairs of the distance from the place before and the count, for places that have one.
extension RunningMedian: Codable {
  init(from decoder: any Decoder) throws {
    let pairs = try decoder.singleValueContainer().decode([UInt64].self)
    guard pairs.count % 2 == 0 else {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "odd"))
    }
    var whole: UInt64 = 0
    for index in stride(from: 0, to: pairs.count, by: 2) {
      whole &+= pairs[index]
      let (page, place) = whole.quotientAndRemainder(dividingBy: 1 << RunningMedian.fractionBits)
      guard page < 2048, let many = UInt32(exactly: pairs[index + 1]) else {
        throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "place or count out of range"))
      }
      pages[page, default: [UInt32](repeating: 0, count: 1 << RunningMedian.fractionBits)][Int(place)] = many
      count += Int(many)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var pairs: [UInt64] = []
    var before: UInt64 = 0
    for (page, places) in pages.sorted(by: { $0.key < $1.key }) {
      for (place, many) in places.enumerated() where many > 0 {
        let whole = page << RunningMedian.fractionBits | UInt64(place)
        pairs += [whole - before, UInt64(many)]
        before = whole
      }
    }
    var container = encoder.singleValueContainer()
    try container.encode(pairs)
  }
}
