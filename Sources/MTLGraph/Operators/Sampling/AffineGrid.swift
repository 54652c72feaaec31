/// The grid of places, from -1 to 1, that an affine map of each image gives, for `GridSample`.
public struct AffineGrid: GeneralOperator, StandardOperator {
  public static let name = "AffineGrid"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      AffineGrid(alignsCorners: try attributes.flag("align_corners"))
    }
  ]
  private let alignsCorners: Bool

  init(alignsCorners: Bool) {
    self.alignsCorners = alignsCorners
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (theta, size) = (try inputs.required(0), try inputs.required(1))
    guard let shape = theta.shape, let sizes = size.value?.integers() else { return [Fact(theta.type, nil)] }
    let axes = sizes.count - 2
    guard axes == 2 || axes == 3, shape == [sizes[0], axes, axes + 1] else {
      throw MTLError(.shapeMismatch, "theta", expected: "N x \(axes) x \(axes + 1) for \(sizes)", found: "\(shape)")
    }
    return [Fact(theta.type, try Shape(checking: [sizes[0]] + sizes[2...] + [axes], of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (theta, shape) = (try inputs.required(0), try outputShape(inputs))
    let matrix = theta.doubles()
    let axes = shape.rank - 2
    let sizes = Array(shape.dimensions[1...axes])
    let pixels = sizes.reduce(1, *)
    let values = (0..<shape.elementCount).map { index -> Double in
      let (place, row) = index.quotientAndRemainder(dividingBy: axes)
      let (image, pixel) = place.quotientAndRemainder(dividingBy: pixels)
      let start = (image * axes + row) * (axes + 1)
      // x, y, z: from the last axis on.
      var (sum, rest) = (matrix[start + axes], pixel)
      for axis in 0..<axes {
        let size = sizes[axes - 1 - axis]
        sum += matrix[start + axis] * coordinate(rest % size, size)
        rest /= size
      }
      return sum
    }
    return [Tensor(values, as: theta.type, shape: shape)]
  }

  private func coordinate(_ pixel: Int, _ size: Int) -> Double {
    if alignsCorners { return size == 1 ? -1 : 2 * Double(pixel) / Double(size - 1) - 1 }
    return (2 * Double(pixel) + 1) / Double(size) - 1
  }
}
