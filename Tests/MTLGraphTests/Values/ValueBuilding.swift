@testable import MTLGraph

extension Graph {
  /// A graph of one operator of the standard whose inputs are the graph's.
  static func of(
    _ name: String, inputs: Int, outputs: Int = 1, _ attributes: [String: AttributeValue] = [:], opset: Int = 20
  ) throws -> Graph {
    guard let found = OperatorCatalog.find(name, domain: "") else {
      throw MTLError(.notFound, name, "is no operator")
    }
    var graph = Graph()
    let ends = (0..<inputs).map { graph.addInput("input \($0)") }
    let read = Attributes(attributes, opset: opset, inputCount: inputs, outputCount: outputs)
    let values = try graph.append(found, read, name: "node", ends)
    for (index, value) in values.enumerated() { graph.addOutput("output \(index)", value) }
    return graph
  }

  /// Appends an operator of the standard.
  mutating func add(
    standard name: String, _ inputs: [ValueID], _ attributes: [String: AttributeValue] = [:]
  ) throws -> ValueID {
    guard let found = OperatorCatalog.find(name, domain: "") else {
      throw MTLError(.notFound, name, "is no operator")
    }
    return try append(
      found, Attributes(attributes, opset: 20, inputCount: inputs.count, outputCount: 1), name: name, inputs)[0]
  }

  /// The error that running the graph ends with.
  func refusal(_ inputs: [GraphValue?]) -> MTLError? {
    do throws(MTLError) {
      _ = try computeValues(inputs)
      return nil
    } catch {
      return error
    }
  }

  mutating func integer(_ value: Int) -> ValueID { addConstant(Tensor([value], as: .int64, shape: [])) }
}

extension GraphValue {
  static func floats(_ values: [Float]) -> GraphValue { .tensor(Tensor(values, shape: [values.count])) }
  static func integer(_ value: Int) -> GraphValue { .tensor(Tensor([value], as: .int64, shape: [])) }

  static func floats(sequence: [[Float]]) throws -> GraphValue {
    .sequence(try TensorSequence(sequence.map { Tensor($0, shape: [$0.count]) }, type: .float32))
  }

  static func texts(_ texts: [String], _ shape: Shape? = nil) -> GraphValue {
    .tensor(Tensor(uncheckedTexts: texts, shape ?? [texts.count]))
  }

  /// The elements of each tensor of a sequence.
  var lists: [[Float]] { tensors.map { $0.numbers() } }
}
