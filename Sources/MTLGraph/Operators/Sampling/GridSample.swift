import Glibc

/// Samples images at places that a grid says, in coordinates from -1 to 1, over any number of axes: x N x C x ...,
/// grid N x ... x axes, whose last numbers are places along the axes from the last one on.
public struct GridSample: GeneralOperator, StandardOperator {
  enum Mode: Sendable { case nearest, linear, cubic }
  enum Padding: String, Sendable, CaseIterable { case zeros, border, reflection }

  public static let name = "GridSample"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      // Operator sets before 20 say bilinear and bicubic.
      let modes: [String: Mode] = [
        "nearest": .nearest, "linear": .linear, "bilinear": .linear, "cubic": .cubic, "bicubic": .cubic,
      ]
      let text = try attributes.string("mode", default: "linear")
      guard let mode = modes[text] else {
        throw MTLError(.unsupported, "attribute 'mode'", expected: "nearest, linear or cubic", found: "'\(text)'")
      }
      return GridSample(
        mode: mode, padding: try attributes.choice("padding_mode", default: .zeros),
        alignsCorners: try attributes.flag("align_corners"))
    }
  ]
  private let mode: Mode
  private let padding: Padding
  private let alignsCorners: Bool

  init(mode: Mode, padding: Padding, alignsCorners: Bool) {
    (self.mode, self.padding, self.alignsCorners) = (mode, padding, alignsCorners)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(1)
    return try inferring(inputs) { shapes throws(MTLError) in
      let (x, grid) = (shapes[0], shapes[1])
      guard x.rank >= 3, grid.rank == x.rank, grid[0] == x[0], grid[grid.rank - 1] == x.rank - 2,
        x.dimensions[2...].allSatisfy({ $0 > 0 })
      else { throw MTLError(.shapeMismatch, "grid", expected: "N x ... x \(x.rank - 2) for \(x)", found: "\(grid)") }
      return [Shape([x[0], x[1]] + grid.dimensions[1..<grid.rank - 1])]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, grid, shape) = (try inputs.required(0), try inputs.required(1), try outputShape(inputs))
    let (values, places) = (x.doubles(), grid.doubles())
    let sizes = Array(x.shape.dimensions[2...])
    let (pixels, count) = (sizes.reduce(1, *), shape.dimensions[2...].reduce(1, *))
    var result = [Double](repeating: 0, count: shape.elementCount)
    for image in 0..<shape[0] {
      for place in 0..<count {
        let start = (image * count + place) * sizes.count
        let taps = sizes.indices.map { axis in
          self.taps(places[start + sizes.count - 1 - axis], size: sizes[axis])
        }
        for channel in 0..<shape[1] {
          let plane = (image * shape[1] + channel) * pixels
          result[(image * shape[1] + channel) * count + place] = sum(taps[...], sizes[...], values, plane)
        }
      }
    }
    return [Tensor(result, as: x.type, shape: shape)]
  }

  /// The weighted sum over all combinations of taps along the axes.
  private func sum(
    _ taps: ArraySlice<[(place: Int?, weight: Double)]>, _ sizes: ArraySlice<Int>, _ values: [Double], _ start: Int
  ) -> Double {
    guard let first = taps.first else { return values[start] }
    let step = sizes.dropFirst().reduce(1, *)
    return first.reduce(0) { total, tap in
      guard let place = tap.place, tap.weight != 0 else { return total }
      return total + tap.weight * sum(taps.dropFirst(), sizes.dropFirst(), values, start + place * step)
    }
  }

  /// The pixels along an axis that a coordinate takes its value from; nil is outside, where zeros are.
  private func taps(_ coordinate: Double, size: Int) -> [(place: Int?, weight: Double)] {
    var position = alignsCorners ? (coordinate + 1) / 2 * Double(size - 1) : ((coordinate + 1) * Double(size) - 1) / 2
    // What is no number, or farther than integers reach, is as far outside as can be.
    if !(abs(position) < 1e15) { position = -1e15 }
    if mode == .nearest { position = position.rounded(.toNearestOrEven) }
    if position < low || position > high(size) {
      if padding == .border { position = min(max(position, 0), Double(size - 1)) }
      if padding == .reflection { position = reflected(position, size) }
    }
    let first = Int(position.rounded(.down))
    let share = position - Double(first)
    switch mode {
    case .nearest: return [(inside(first, size), 1)]
    case .linear: return [(inside(first, size), 1 - share), (inside(first + 1, size), share)]
    case .cubic:
      return GridSample.cubicWeights(share).enumerated().map { (inside(first - 1 + $0.offset, size), $0.element) }
    }
  }

  private var low: Double { alignsCorners ? 0 : -0.5 }
  private func high(_ size: Int) -> Double { alignsCorners ? Double(size - 1) : Double(size) - 0.5 }

  private func inside(_ place: Int, _ size: Int) -> Int? {
    if (0..<size).contains(place) { return place }
    switch padding {
    case .zeros: return nil
    case .border: return min(max(place, 0), size - 1)
    case .reflection: return min(max(Int(reflected(Double(place), size)), 0), size - 1)
    }
  }

  /// Mirrored at the edges until it is inside.
  private func reflected(_ position: Double, _ size: Int) -> Double {
    let (low, high) = (low, high(size))
    let width = high - low
    guard width > 0 else { return low }
    let distance = position < low ? low - position : position - high
    guard distance > 0 else { return position }
    let turns = (distance / width).rounded(.towardZero)
    let rest = distance - turns * width
    let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
    return (position < low) == isEven ? low + rest : high - rest
  }

  /// Cubic convolution with a = -0.75 (Keys, 1981), as PyTorch has it.
  private static func cubicWeights(_ share: Double) -> [Double] {
    let a = -0.75
    func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
    return [far(share + 1), near(share), near(1 - share), far(2 - share)]
  }
}
