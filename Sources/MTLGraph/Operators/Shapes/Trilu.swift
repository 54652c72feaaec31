/// The upper or lower triangle of matrices, with zeros elsewhere.
public struct Trilu: MovingOperator, StandardOperator {
  public static let name = "Trilu"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in Trilu(isUpper: try attributes.flag("upper", default: true)) }
  ]
  private let isUpper: Bool

  init(isUpper: Bool) {
    self.isUpper = isUpper
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let shape = input.shape, shape.rank < 2 {
      throw MTLError(.shapeMismatch, "input", expected: "at least 2 dimensions", found: "\(shape)")
    }
    return [Fact(input.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let diagonal = inputs.optional(1)?.integers().first ?? 0
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    // Beyond the matrix all diagonals are alike.
    let bounded = min(max(diagonal, -rows), columns)
    return [
      try input.moved(to: shape) { index in
        let (row, column) = (index / columns % rows, index % columns)
        return (isUpper ? column - row >= bounded : column - row <= bounded) ? index : nil
      }
    ]
  }
}
