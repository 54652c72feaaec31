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
    var labels = [UInt16](repeating: 0, count: sampler.width * sampler.height)
    var counts = [Int](repeating: 0, count: max(channels, 2))
    var values = [Float](repeating: 0, count: sampler.width)
    var best = values
    for row in 0..<sampler.height {
      let start = row * sampler.width
      for column in best.indices { best[column] = channels == 1 ? LabelMap.boundary(form) : -.infinity }
      for channel in 0..<channels {
        sampler.sample(channel: channel, row: row, into: &values)
        let label = UInt16(channels == 1 ? 1 : channel)
        for column in values.indices where values[column] > best[column] {
          best[column] = values[column]
          labels[start + column] = label
        }
        guard !values.contains(where: \.isNaN) else { return nil }
      }
      for column in best.indices { counts[Int(labels[start + column])] += 1 }
    }
    (width, height) = (sampler.width, sampler.height)
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
