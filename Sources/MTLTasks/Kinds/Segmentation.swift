import CMTLKernels
import MTLNetworks

/// A class for each pixel of a picture.
public struct LabelMap: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Row by row; index of the class.
  public let labels: [UInt16]
  /// Pixels of each class.
  public let counts: [Int]

  /// More classes than any network of its kind has.
  public static let maximumClassCount = 1 << 16

  /// The class with the largest value at each pixel, the first of several equal ones. Values are interpolated before they
  /// are compared, as the training code does. One map alone says whether a pixel is of class 1: above zero as a logit,
  /// above one half as a probability. nil where there are no maps, too many, or a pixel without a number.
  public init?(_ sampler: MapSampler, form: TaskDescription.Form) {
    let channels = sampler.maps.channels
    guard (1...LabelMap.maximumClassCount).contains(channels) else { return nil }
    var sampler = sampler
    let width = sampler.width
    var counts = [Int](repeating: 0, count: max(channels, 2))
    var (values, largest) = (sampler.makeRow(0 as Float), sampler.makeRow(0 as Float))
    var best = sampler.makeRow(0 as Int32)
    var notNumbers: Int32 = 0
    let labels = unsafe [UInt16](unsafeUninitializedCapacity: width * sampler.height) { labels, count in
      guard let first = unsafe labels.baseAddress else { return }
      for row in 0..<sampler.height where notNumbers == 0 {
        for column in 0..<width {
          largest[column] = channels == 1 ? LabelMap.boundary(form) : -.infinity
          best[column] = 0
        }
        for channel in 0..<channels {
          sampler.sample(channel: channel, row: row, into: &values)
          unsafe sampler.kernels.pointee.keep_larger(
            values, Int64(width), Int32(channels == 1 ? 1 : channel), &largest, &best, &notNumbers)
        }
        unsafe mtlk_count_labels(best, Int64(width), first + count, &counts)
        count += width
      }
    }
    guard notNumbers == 0 else { return nil }
    self.width = width
    height = sampler.height
    self.labels = labels
    self.counts = counts
  }

  private static func boundary(_ form: TaskDescription.Form) -> Float {
    switch form {
    case .logits, .cumulative: 0
    case .probabilities: 0.5
    case .logProbabilities: -0.6931472
    }
  }
}
