import Glibc

/// Fourier features of pixel positions, from the size of its input alone: 1 x 2 * (2 * bands + 1) x H x W.
///
/// Positions run from -1 to 1 along each axis, rows first; frequencies from 1 to half the largest frequency, evenly.
/// Source: Jaegle et al., "Perceiver", 2021, section 3.2; the order of the channels differs between code bases.
public struct FourierPositions: Operator {
  public static let name = "FourierPositions"

  public enum Order: Sendable {
    /// For each axis all sines, all cosines, the position (lucidrains/perceiver-pytorch).
    case axisByAxis
    /// Both positions, then all sines of rows and columns, then all cosines (krasserm/perceiver-io, Hugging Face).
    case positionsFirst
  }

  public let bands: Int
  /// Largest frequency along rows and columns; nil takes the image's height and width.
  public let maximumFrequency: Double?
  public let order: Order

  public init(bands: Int, maximumFrequency: Double?, order: Order) {
    self.bands = bands
    self.maximumFrequency = maximumFrequency
    self.order = order
  }

  public func readsShapeOnly(input: Int) -> Bool { true }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    try requireRank(inputs[0], 4)
    guard (1...4096).contains(bands) else {
      throw MTLError(.limit, "bands", expected: "1 to 4096", found: "\(bands)")
    }
    return [[1, 2 * (2 * bands + 1), inputs[0][2], inputs[0][3]]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = try outputShapes(inputs.map(\.shape))[0]
    let axes = [features(size: shape[2]), features(size: shape[3])]
    var result: [Float] = []
    result.reserveCapacity(shape.elementCount)
    for (axis, feature) in channels {
      for row in 0..<shape[2] {
        for column in 0..<shape[3] { result.append(axes[axis][feature][axis == 0 ? row : column]) }
      }
    }
    return [Tensor(result, shape: shape)]
  }

  /// The axis and the feature (position, sines, cosines) of each channel.
  private var channels: [(axis: Int, feature: Int)] {
    let (sines, cosines) = (1...bands, bands + 1...2 * bands)
    switch order {
    case .axisByAxis:
      return (0..<2).flatMap { axis in (sines.map { (axis, $0) } + cosines.map { (axis, $0) }) + [(axis, 0)] }
    case .positionsFirst:
      let both = [0, 1]
      return both.map { ($0, 0) } + both.flatMap { axis in sines.map { (axis, $0) } }
        + both.flatMap { axis in cosines.map { (axis, $0) } }
    }
  }

  /// Position, sines and cosines along an axis of `size` pixels. In float32, step by step as PyTorch's linspace and sin.
  private func features(size: Int) -> [[Float]] {
    let positions = FourierPositions.line(from: -1, to: 1, count: size)
    let top = Float((maximumFrequency ?? Double(size)) / 2)
    let scales = FourierPositions.line(from: 1, to: top, count: bands)
    let angles = scales.map { scale in positions.map { $0 * scale * Float.pi } }
    return [positions] + angles.map { $0.map { sin($0) } } + angles.map { $0.map { cos($0) } }
  }

  /// PyTorch's `linspace`: from both ends towards the middle.
  private static func line(from first: Float, to last: Float, count: Int) -> [Float] {
    guard count > 1 else { return [first] }
    let step = (last - first) / Float(count - 1)
    return (0..<count).map { $0 < count / 2 ? first + step * Float($0) : last - step * Float(count - 1 - $0) }
  }
}
