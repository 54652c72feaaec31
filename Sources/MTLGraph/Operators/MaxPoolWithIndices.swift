/// Maximum pooling that also says where each maximum stood: PyTorch's `max_pool2d` with `return_indices=True`.
///
/// Second output: row * columns + column of the first largest element in its plane, as float32, which holds whole numbers
/// exactly up to 2^24: larger planes are refused.
public struct MaxPoolWithIndices: Operator {
  public static let name = "MaxPoolWithIndices"
  public let window: Window
  public let ceil: Bool

  public init(_ window: Window, ceil: Bool = false) {
    self.window = window
    self.ceil = ceil
  }

  static let maximumPlane = 1 << 24

  public var outputCount: Int { 2 }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    let shapes = try MaxPool(window, ceil: ceil).outputShapes(inputs)
    guard inputs[0][2] * inputs[0][3] <= MaxPoolWithIndices.maximumPlane else {
      throw MTLError(.limit, "input", expected: "at most 2^24 pixels", found: "\(inputs[0])")
    }
    return [shapes[0], shapes[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (shape, output) = (inputs[0].shape, try outputShapes(inputs.map(\.shape))[0])
    let x = try inputs[0].floats()
    var values: [Float] = []
    var indices: [Float] = []
    for index in 0..<output.elementCount {
      let (plane, pixel) = index.quotientAndRemainder(dividingBy: output[2] * output[3])
      let place = largest(x, plane * shape[2] * shape[3], shape, pixel / output[3], pixel % output[3])
      values.append(x[plane * shape[2] * shape[3] + place])
      indices.append(Float(place))
    }
    return [Tensor(values, shape: output), Tensor(indices, shape: output)]
  }

  /// A NaN wins, the last of several; of equal numbers the first.
  private func largest(_ x: [Float], _ plane: Int, _ shape: Shape, _ row: Int, _ column: Int) -> Int {
    var best: Int?
    for tap in 0..<window.kernel.rows * window.kernel.columns {
      let y = row * window.stride.rows + tap / window.kernel.columns * window.dilation.rows - window.padding.top
      let x0 =
        column * window.stride.columns + tap % window.kernel.columns * window.dilation.columns - window.padding.left
      guard y >= 0, y < shape[2], x0 >= 0, x0 < shape[3] else { continue }
      let place = y * shape[3] + x0
      if let found = best, x[plane + place] <= x[plane + found] || x[plane + found].isNaN && !x[plane + place].isNaN {
        continue
      }
      best = place
    }
    return best ?? 0
  }
}
