/// What a pooling window does with the elements it covers; padding is never one of them.
protocol PoolingOperator: Operator {
  var window: Window { get }
  var ceil: Bool { get }
  /// `covered` are the elements inside the image; `windowElementCount` counts the padding, too.
  func reduce(_ covered: [Float], windowElementCount: Int) -> Float
}

extension PoolingOperator {
  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    try requireRank(inputs[0], 4)
    let padding = window.padding
    guard
      max(padding.top, padding.bottom) <= window.kernel.rows / 2,
      max(padding.left, padding.right) <= window.kernel.columns / 2
    else {
      throw MTLError(
        .shapeMismatch, "padding",
        expected: "at most half of the kernel \(window.kernel.rows)x\(window.kernel.columns)",
        found: "\(padding.top), \(padding.left), \(padding.bottom), \(padding.right)")
    }
    let size = try window.outputSize(rows: inputs[0][2], columns: inputs[0][3], ceil: ceil)
    return [[inputs[0][0], inputs[0][1], size.rows, size.columns]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let output = try outputShapes(inputs.map(\.shape))[0]
    let shape = inputs[0].shape
    let x = try inputs[0].floats()
    var result: [Float] = []
    result.reserveCapacity(output.elementCount)
    for plane in 0..<output[0] * output[1] {
      for row in 0..<output[2] {
        for column in 0..<output[3] {
          result.append(reduceWindow(x, plane * shape[2] * shape[3], shape, row, column))
        }
      }
    }
    return [Tensor(result, shape: output)]
  }

  private func reduceWindow(_ x: [Float], _ plane: Int, _ shape: Shape, _ row: Int, _ column: Int) -> Float {
    var covered: [Float] = []
    var windowElementCount = 0
    for tapRow in 0..<window.kernel.rows {
      let y = row * window.stride.rows + tapRow * window.dilation.rows - window.padding.top
      for tapColumn in 0..<window.kernel.columns {
        let x0 = column * window.stride.columns + tapColumn * window.dilation.columns - window.padding.left
        // A window that hangs over the far padding (ceil) does not count what lies beyond it.
        if y < shape[2] + window.padding.bottom, x0 < shape[3] + window.padding.right { windowElementCount += 1 }
        guard y >= 0, y < shape[2], x0 >= 0, x0 < shape[3] else { continue }
        covered.append(x[plane + y * shape[3] + x0])
      }
    }
    return reduce(covered, windowElementCount: windowElementCount)
  }
}
