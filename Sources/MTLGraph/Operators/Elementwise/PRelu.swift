/// x where positive, else slope * x, with a slope that broadcasts to x.
public struct PRelu: GeneralOperator, StandardOperator {
  public static let name = "PRelu"
  public static let imports = [OperatorImport(name) { _ in PRelu() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let shape = input.shape, let slope = try inputs.required(1).shape { _ = try aligned(slope, shape) }
    return [Fact(input.type, input.shape)]
  }

  /// The slope's shape as it broadcasts; before operator set 7 one for each channel stands for the second axis.
  private func aligned(_ slope: Shape, _ shape: Shape) throws(MTLError) -> Shape {
    if Shape.broadcast(shape, slope) == shape { return slope }
    guard slope.rank == 1, shape.rank >= 2, slope[0] == shape[1] else {
      throw MTLError(.shapeMismatch, "slope", expected: "a shape that broadcasts to \(shape)", found: "\(slope)")
    }
    return Shape([slope[0]] + [Int](repeating: 1, count: shape.rank - 2))
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, slope) = (try inputs.required(0), try inputs.required(1))
    let (values, slopes) = (input.doubles(), slope.doubles())
    let places = try aligned(slope.shape, input.shape).places(in: input.shape)
    let result = values.indices.map { values[$0] < 0 ? values[$0] * slopes[places.offset($0)] : values[$0] }
    return [Tensor(result, as: input.type, shape: input.shape)]
  }
}
