/// Resamples images, N x C x H x W. A second input, of which only the size is read, gives the output's rows and columns.
public struct Resize: Operator {
  public static let name = "Resize"

  public enum Mode: String, Sendable, CaseIterable {
    /// Linear, pixel centres at half positions: PyTorch's `align_corners=False`.
    case bilinear
    /// Linear, corner pixels on corner pixels: PyTorch's `align_corners=True`.
    case bilinearAligned = "bilinear_aligned"
    /// The pixel at floor(position * input / output): PyTorch's `nearest`.
    case nearest
    /// Cubic convolution with a = -0.75, pixel centres at half positions: PyTorch's `bicubic`.
    case bicubic
  }

  public enum Target: Sendable, Equatable {
    /// The size of the second input's images.
    case like
    /// Rows and columns.
    case size(Int, Int)
    /// A whole multiple of the input.
    case scale(Int)
  }

  public let mode: Mode
  public let target: Target

  public init(_ mode: Mode, to target: Target) {
    self.mode = mode
    self.target = target
  }

  public func readsShapeOnly(input: Int) -> Bool { input == 1 }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    let count = target == .like ? 2 : 1
    try requireInputs(inputs, count...count)
    for shape in inputs { try requireRank(shape, 4) }
    let (rows, columns) =
      switch target {
      case .like: (inputs[1][2], inputs[1][3])
      case .size(let rows, let columns): (rows, columns)
      case .scale(let factor): (inputs[0][2].saturatingProduct(factor), inputs[0][3].saturatingProduct(factor))
      }
    let sides = 1...Window.maximumSide
    for side in [inputs[0][2], inputs[0][3], rows, columns] where !sides.contains(side) {
      throw MTLError(.limit, "size", expected: "images of 1 to \(Window.maximumSide) pixels a side", found: "\(side)")
    }
    return [[inputs[0][0], inputs[0][1], rows, columns]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (source, shape) = (inputs[0].shape, try outputShapes(inputs.map(\.shape))[0])
    let (rows, columns) = (taps(from: source[2], to: shape[2]), taps(from: source[3], to: shape[3]))
    let x = try inputs[0].floats()
    let values = (0..<shape.elementCount).map { index -> Float in
      let (plane, pixel) = index.quotientAndRemainder(dividingBy: shape[2] * shape[3])
      let (row, column) = pixel.quotientAndRemainder(dividingBy: shape[3])
      var sum: Float = 0
      for (y, rowWeight) in rows[row] {
        let start = (plane * source[2] + y) * source[3]
        sum += rowWeight * columns[column].reduce(0) { $0 + x[start + $1.index] * $1.weight }
      }
      return sum
    }
    return [Tensor(values, shape: shape)]
  }

  /// For each of `outputSize` places along an axis the places of the input that it is a weighted sum of: 1, 2 or 4.
  /// Positions are float32, as in PyTorch.
  public func taps(from inputSize: Int, to outputSize: Int) -> [[(index: Int, weight: Float)]] {
    let last = inputSize - 1
    let scale = Float(inputSize) / Float(outputSize)
    return (0..<outputSize).map { place in
      switch mode {
      case .nearest: return [(min(Int(Float(place) * scale), last), 1)]
      case .bilinear: return linear(at: max((Float(place) + 0.5) * scale - 0.5, 0), last)
      case .bilinearAligned:
        return linear(at: outputSize > 1 ? Float(place) * (Float(last) / Float(outputSize - 1)) : 0, last)
      case .bicubic: return cubic(at: (Float(place) + 0.5) * scale - 0.5, last)
      }
    }
  }

  private func linear(at position: Float, _ last: Int) -> [(index: Int, weight: Float)] {
    let first = min(Int(position), last)
    let share = position - Float(first)
    return [(first, 1 - share), (min(first + 1, last), share)]
  }

  /// Keys' cubic convolution; pixels beyond the edge repeat it.
  private func cubic(at position: Float, _ last: Int) -> [(index: Int, weight: Float)] {
    let first = position.rounded(.down)
    let share = position - first
    let a: Float = -0.75
    func near(_ d: Float) -> Float { ((a + 2) * d - (a + 3)) * d * d + 1 }
    func far(_ d: Float) -> Float { ((a * d - 5 * a) * d + 8 * a) * d - 4 * a }
    let weights = [far(share + 1), near(share), near(1 - share), far(2 - share)]
    return weights.enumerated().map { (min(max(Int(first) - 1 + $0, 0), last), $1) }
  }
}
