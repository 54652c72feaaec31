/// x where positive, else slope * x, with a slope that broadcasts to x.
public struct PRelu: GeneralOperator, StandardOperator {
  public static let name = "PRelu"
  public static let imports = [OperatorImport(name) { _ in PRelu() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let shape = input.shape, let slope = try inputs.required(1).shape,
      Shape.broadcast(shape, slope) != shape
    {
      throw MTLError(.shapeMismatch, "slope", expected: "a shape that broadcasts to \(shape)", found: "\(slope)")
    }
    return [Fact(input.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, slope) = (try inputs.required(0), try inputs.required(1))
    let (values, slopes) = (input.doubles(), slope.doubles())
    let places = slope.shape.places(in: input.shape)
    let result = values.indices.map { values[$0] < 0 ? values[$0] * slopes[places.offset($0)] : values[$0] }
    return [Tensor(result, as: input.type, shape: input.shape)]
  }
}
