/// Adds up columns of blocks, N x C * block x blocks, to the image that they were cut from.
public struct Col2Im: GeneralOperator, StandardOperator {
  public static let name = "Col2Im"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in Col2Im(try SpatialWindow(attributes)) }
  ]
  private let window: SpatialWindow

  init(_ window: SpatialWindow) {
    self.window = window
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, image, block) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard let shape = input.shape, let sizes = image.value?.integers(), let kernel = block.value?.integers() else {
      return [Fact(input.type, nil)]
    }
    guard shape.rank == 3, sizes.count == kernel.count, !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 }) else {
      throw MTLError(.shapeMismatch, "image_shape", expected: "a size for each axis of the block", found: "\(sizes)")
    }
    let resolved = try window.resolved(sizes, weight: kernel)
    let (taps, places) = (
      resolved.elementCount, try window.outputSizes(sizes, resolved).reduce(1) { $0.saturatingProduct($1) }
    )
    guard taps > 0, shape[1] % taps == 0, shape[2] == places else {
      throw MTLError(.shapeMismatch, "input", expected: "N x C * \(taps) x \(places)", found: "\(shape)")
    }
    return [Fact(input.type, try Shape(checking: [shape[0], shape[1] / taps] + sizes, of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let sizes = Array(shape.dimensions[2...])
    let resolved = try window.resolved(sizes, weight: try inputs.required(2).integers())
    let outputs = try window.outputSizes(sizes, resolved)
    let (values, pixels, places) = (input.doubles(), sizes.reduce(1, *), outputs.reduce(1, *))
    var result = [Double](repeating: 0, count: shape.elementCount)
    for place in 0..<places {
      resolved.forEachTap(at: place, output: outputs, input: sizes) { tap, pixel, _ in
        guard let pixel else { return }
        for plane in 0..<shape[0] * shape[1] {
          result[plane * pixels + pixel] += values[(plane * resolved.elementCount + tap) * places + place]
        }
      }
    }
    return [Tensor(result, as: input.type, shape: shape)]
  }
}
