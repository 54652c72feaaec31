import Glibc
import MTLNetworks

/// A number for each pixel of a picture: distance, disparity, or how much it stands out or is an edge.
public struct ScalarMap: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Row by row.
  public let values: [Float]

  /// Depth and disparity: the first map as it is, in the task's unit.
  public init?(measured sampler: MapSampler) {
    guard sampler.maps.channels == 1 else { return nil }
    self.init(sampler) { $0.sample(channel: 0, row: $1, into: &$2) }
  }

  /// Saliency and edges: probabilities, 0 to 1. Two maps are the logits of "no" and "yes".
  public init?(probable sampler: MapSampler, form: TaskDescription.Form) {
    let channels = sampler.maps.channels
    guard channels == 1 || channels == 2 else { return nil }
    var other: [Float] = channels == 2 ? sampler.makeRow(0) : []
    self.init(sampler) { sampler, row, values in
      sampler.sample(channel: channels - 1, row: row, into: &values)
      switch form {
      case .probabilities: return
      case .logProbabilities:
        for column in values.indices { values[column] = exp(values[column]) }
      case .logits, .cumulative:
        if channels == 2 { sampler.sample(channel: 0, row: row, into: &other) }
        for column in values.indices {
          values[column] = sigmoid(channels == 2 ? values[column] - other[column] : values[column])
        }
      }
    }
  }

  private init(_ sampler: MapSampler, _ fill: (inout MapSampler, Int, inout [Float]) -> Void) {
    var sampler = sampler
    var all: [Float] = []
    all.reserveCapacity(sampler.width * sampler.height)
    var values = sampler.makeRow(0 as Float)
    for row in 0..<sampler.height {
      fill(&sampler, row, &values)
      all += values[..<sampler.width]
    }
    (width, height) = (sampler.width, sampler.height)
    self.values = all
  }

  /// Least, middle and largest of the finite values; nil where there are none. `share` of them on either side is left
  /// out of the range, so that single pixels do not stretch a scale.
  public func range(without share: Double = 0) -> (low: Float, median: Float, high: Float)? {
    let sorted = values.filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return nil }
    let cut = min(Int(Double(sorted.count) * share), (sorted.count - 1) / 2)
    return (sorted[cut], sorted[sorted.count / 2], sorted[sorted.count - 1 - cut])
  }

  /// Share of the pixels above a threshold.
  public func share(above threshold: Float) -> Double {
    values.isEmpty ? 0 : Double(values.count { $0 > threshold }) / Double(values.count)
  }
}
