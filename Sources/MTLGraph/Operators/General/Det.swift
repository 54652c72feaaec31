/// Determinants of square matrices, by elimination with pivots.
public struct Det: GeneralOperator, StandardOperator {
  public static let name = "Det"
  public static let imports = [OperatorImport(name) { _ in Det() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring([try inputs.required(0)]) { shapes throws(MTLError) in
      let shape = shapes[0]
      guard shape.rank >= 2, shape[shape.rank - 1] == shape[shape.rank - 2] else {
        throw MTLError(.shapeMismatch, "input", expected: "square matrices", found: "\(shape)")
      }
      return [Shape(shape.dimensions.dropLast(2))]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let size = input.shape[input.shape.rank - 1]
    let values = input.doubles()
    let results = (0..<shape.elementCount).map { index in
      Det.determinant(Array(values[index * size * size..<(index + 1) * size * size]), size)
    }
    return [Tensor(results, as: input.type, shape: shape)]
  }

  private static func determinant(_ matrix: [Double], _ size: Int) -> Double {
    var (matrix, product) = (matrix, 1.0)
    for column in 0..<size {
      let pivot = (column..<size).max { abs(matrix[$0 * size + column]) < abs(matrix[$1 * size + column]) } ?? column
      guard matrix[pivot * size + column] != 0 else { return 0 }
      if pivot != column {
        for k in 0..<size { matrix.swapAt(pivot * size + k, column * size + k) }
        product = -product
      }
      product *= matrix[column * size + column]
      for row in column + 1..<max(size, column + 1) {
        let factor = matrix[row * size + column] / matrix[column * size + column]
        for k in column..<size { matrix[row * size + k] -= factor * matrix[column * size + k] }
      }
    }
    return product
  }
}
