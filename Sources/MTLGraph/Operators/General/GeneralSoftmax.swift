/// Softmax, its logarithm, or a one at the largest element. Before operator set 13 it runs over all axes from one on
/// together. Special forms: `Softmax` and `LogSoftmax`.
public struct GeneralSoftmax: GeneralOperator, StandardOperator {
  enum Kind: Sendable {
    case softmax
    case logarithm
    case hardmax
  }

  public static let name = "Softmax"
  public static let imports = [
    OperatorImport("Softmax") { attributes throws(MTLError) in try GeneralSoftmax(.softmax, attributes) },
    OperatorImport("LogSoftmax") { attributes throws(MTLError) in try GeneralSoftmax(.logarithm, attributes) },
    OperatorImport("Hardmax") { attributes throws(MTLError) in try GeneralSoftmax(.hardmax, attributes) },
  ]
  private let kind: Kind
  private let axis: Int
  private let joinsAxes: Bool

  init(_ kind: Kind, _ attributes: Attributes) throws(MTLError) {
    self.kind = kind
    joinsAxes = attributes.opset < 13
    axis = try attributes.integer("axis", default: joinsAxes ? 1 : -1)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let shape = input.shape { _ = try lines(shape) }
    return [Fact(input.type, input.shape)]
  }

  /// The input under a shape where one axis is what the operator runs over.
  private func lines(_ shape: Shape) throws(MTLError) -> (shape: Shape, axis: Int) {
    if joinsAxes, axis == shape.rank { return ([shape.elementCount, 1], 1) }
    let axis = try shape.axis(axis)
    guard joinsAxes else { return (shape, axis) }
    let dimensions = shape.dimensions
    return ([dimensions[..<axis].reduce(1, *), dimensions[axis...].reduce(1, *)], 1)
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let (shape, axis) = try lines(input.shape)
    let lined = try input.reshaped(to: shape)
    let result: Tensor
    switch kind {
    case .softmax: result = try Softmax(axis: axis).compute([lined])[0]
    case .logarithm: result = try LogSoftmax(axis: axis).compute([lined])[0]
    case .hardmax:
      let ones = try lined.converted(to: .float32).mapLines(axis: axis) { line in
        let winner = line.indices.max { line[$0] < line[$1] || (line[$0] == line[$1] && $0 > $1) }
        for index in line.indices { line[index] = index == winner ? 1 : 0 }
      }
      result = ones.converted(to: input.type)
    }
    return [try result.reshaped(to: input.shape)]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), input.fact.type == .float32, let shape = input.fact.shape else { return nil }
    let (lined, axis) = try lines(shape)
    let special: any Operator
    switch kind {
    case .softmax: special = Softmax(axis: axis)
    case .logarithm: special = LogSoftmax(axis: axis)
    case .hardmax: return nil
    }
    guard let value = try specializer.reshaped(input, to: lined) else { return nil }
    let result = try specializer.add(special, [value[0]])[0]
    return try specializer.reshaped(specializer.known(result), to: shape)
  }
}
