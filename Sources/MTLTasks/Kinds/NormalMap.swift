import CMTLKernels

/// A direction of length 1 for each pixel of a picture, as the data set has its axes.
public struct NormalMap: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Row by row, x, y, z of each pixel; zeros where the network says nothing.
  public let vectors: [Float]

  public init?(_ sampler: MapSampler) {
    guard sampler.maps.channels == 3 else { return nil }
    var sampler = sampler
    let (width, height) = (sampler.width, sampler.height)
    (self.width, self.height) = (width, height)
    var parts = [[Float]](repeating: sampler.makeRow(0), count: 3)
    vectors = unsafe [Float](unsafeUninitializedCapacity: 3 * width * height) { vectors, count in
      guard let first = unsafe vectors.baseAddress else { return }
      for row in 0..<height {
        for channel in 0..<3 { sampler.sample(channel: channel, row: row, into: &parts[channel]) }
        unsafe mtlk_unit_vectors(parts[0], parts[1], parts[2], Int64(width), first + count)
        count += 3 * width
      }
    }
  }

  /// The mean of all directions, which is shorter than 1 the more they differ.
  public var mean: (x: Float, y: Float, z: Float) {
    var sums = [0.0, 0, 0]
    for index in vectors.indices { sums[index % 3] += Double(vectors[index]) }
    let count = Double(max(width * height, 1))
    return (Float(sums[0] / count), Float(sums[1] / count), Float(sums[2] / count))
  }
}
