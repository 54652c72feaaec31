import MTLGraph

/// What has no kernel runs its reference evaluation: right, slow, and shown by `inspect --plan`.
enum ReferenceLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    var inputs: [Buffer] = []
    var arguments: [Tensor?] = []
    for (position, value) in node.inputs.enumerated() {
      let isShapeOnly = node.operation.readsShapeOnly(input: position)
      let constant = isShapeOnly ? Tensor(ofShapeOnly: planner.shape(of: value)) : planner.constant(value)
      arguments.append(constant)
      if constant == nil { inputs.append(try planner.buffer(of: value, as: .planar)) }
    }
    let outputs = node.outputs.map { planner.makeBuffer(for: $0, .planar) }
    let operation = node.operation
    let inputCount = inputs.count
    planner.add(nodeName: node.name, inputs: inputs, outputs: outputs) { operands in
      ReferenceStep(
        operation: operation, constants: arguments, inputs: Array(operands[..<inputCount]),
        outputs: Array(operands[inputCount...]))
    }
    return true
  }
}

private final class ReferenceStep: Step {
  let itemCount = 1
  private let operation: any Operator
  /// By argument; nil where the argument is the next of `inputs`.
  private let constants: [Tensor?]
  private let inputs: [Operand]
  private let outputs: [Operand]

  init(operation: any Operator, constants: [Tensor?], inputs: [Operand], outputs: [Operand]) {
    self.operation = operation
    self.constants = constants
    self.inputs = inputs
    self.outputs = outputs
  }

  var kernelName: String { "\(operation.name), reference evaluation" }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    var remaining = inputs[...]
    let arguments = constants.compactMap { constant -> Tensor? in
      if let constant { return constant }
      guard let operand = remaining.popFirst() else { return nil }
      let values = unsafe UnsafeBufferPointer(start: operand.pointer(in: arena), count: operand.buffer.elementCount)
      return unsafe Tensor(Array(values), shape: operand.buffer.shape)
    }
    // Shapes and types were checked when the plan was made; an evaluation that fails nevertheless leaves NaN, which is
    // seen, and not the numbers of another run.
    let results = try? operation.evaluate(arguments)
    for (index, operand) in outputs.enumerated() {
      let target = unsafe UnsafeMutableBufferPointer(
        start: operand.pointer(in: arena), count: operand.buffer.elementCount)
      let values = try? results?[index].floats()
      unsafe _ = target.update(fromContentsOf: values ?? [Float](repeating: .nan, count: target.count))
    }
  }
}
