/// A direction of length 1 for each pixel of a picture, as the data set has its axes.
public struct NormalMap: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Row by row, x, y, z of each pixel; zeros where the network says nothing.
  public let vectors: [Float]

  public init?(_ sampler: MapSampler) {
    guard sampler.maps.channels == 3 else { return nil }
    var sampler = sampler
    (width, height) = (sampler.width, sampler.height)
    var vectors: [Float] = []
    vectors.reserveCapacity(3 * width * height)
    var parts = [[Float]](repeating: [Float](repeating: 0, count: width), count: 3)
    for row in 0..<height {
      for channel in 0..<3 { sampler.sample(channel: channel, row: row, into: &parts[channel]) }
      for column in 0..<width {
        let (x, y, z) = (parts[0][column], parts[1][column], parts[2][column])
        let length = (x * x + y * y + z * z).squareRoot()
        let scale = length > 0 && length.isFinite ? 1 / length : 0
        vectors += scale == 0 ? [0, 0, 0] : [x * scale, y * scale, z * scale]
      }
    }
    self.vectors = vectors
  }

  /// The mean of all directions, which is shorter than 1 the more they differ.
  public var mean: (x: Float, y: Float, z: Float) {
    var sums = [0.0, 0, 0]
    for index in vectors.indices { sums[index % 3] += Double(vectors[index]) }
    let count = Double(max(width * height, 1))
    return (Float(sums[0] / count), Float(sums[1] / count), Float(sums[2] / count))
  }
}
