/// A sequence of the inputs, which are tensors of one type.
public struct SequenceConstruct: ValueOperator, StandardOperator {
  public static let name = "SequenceConstruct"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard attributes.inputCount > 0 else {
        throw MTLError(.badFormat, "inputs", expected: "at least one", found: "none")
      }
      return SequenceConstruct(emptyType: .float32)
    },
    OperatorImport("SequenceEmpty") { attributes throws(MTLError) in
      SequenceConstruct(emptyType: try attributes.elementType("dtype") ?? .float32)
    },
  ]
  /// The type of a sequence without elements.
  private let emptyType: DataType

  public init(emptyType: DataType) {
    self.emptyType = emptyType
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    for position in inputs.indices where try inputs.required(position).form != .tensor {
      throw MTLError(.unsupported, "input \(position)", "a sequence of sequences is no value of the library")
    }
    let types = Set(inputs.compactMap { $0?.type })
    guard types.count <= 1 else {
      throw MTLError(
        .dataTypeMismatch, "inputs", expected: "one type",
        found: types.map(\.description).sorted().joined(separator: " and "))
    }
    return [Fact(.sequence, of: types.first ?? emptyType)]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    var elements: [Tensor] = []
    for position in inputs.indices { elements.append(try inputs.tensor(position)) }
    return [.sequence(try TensorSequence(elements, type: elements.first?.type ?? emptyType))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let type = try infer(inputs.map { $0?.fact })[0].type
    return specializer.addSequence(inputs.compactMap { $0?.id }, of: type).map { [$0] }
  }
}

extension ValueOperator {
  /// Says that an operator of sequences has no shape rule.
  var dependsOnData: MTLError {
    MTLError(.unsupported, name, "takes or makes sequences or optional values, which have no shape")
  }
}
