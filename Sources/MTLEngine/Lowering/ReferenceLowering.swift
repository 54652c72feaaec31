import MTLGraph

/// What has no kernel runs its reference evaluation: right, slow, and shown by `inspect --plan`.
enum ReferenceLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    var inputs: [Buffer] = []
    var arguments: [Argument] = []
    for (position, value) in node.inputs.enumerated() {
      if value == .absent {
        arguments.append(.absent)
      } else if node.operation.readsShapeOnly(input: position) {
        arguments.append(.constant(Tensor(ofShapeOnly: planner.shape(of: value))))
      } else if let constant = planner.constant(value) {
        arguments.append(.constant(constant))
      } else {
        arguments.append(.operand)
        inputs.append(try planner.buffer(of: value, as: .planar))
      }
    }
    let outputs = node.outputs.map { planner.makeBuffer(for: $0, .planar) }
    let operation = node.operation
    let inputCount = inputs.count
    planner.add(nodeName: node.name, inputs: inputs, outputs: outputs) { operands in
      ReferenceStep(
        operation: operation, arguments: arguments, inputs: Array(operands[..<inputCount]),
        outputs: Array(operands[inputCount...]))
    }
    return true
  }
}

/// What stands at one position of a node's inputs.
private enum Argument {
  case constant(Tensor)
  /// The next value that a step before has written.
  case operand
  case absent
}

private final class ReferenceStep: Step {
  let itemCount = 1
  private let operation: any Operator
  private let arguments: [Argument]
  private let inputs: [Operand]
  private let outputs: [Operand]

  init(operation: any Operator, arguments: [Argument], inputs: [Operand], outputs: [Operand]) {
    self.operation = operation
    self.arguments = arguments
    self.inputs = inputs
    self.outputs = outputs
  }

  var kernelName: String { "\(operation.name), reference evaluation" }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    var remaining = inputs[...]
    let arguments = arguments.map { argument -> Tensor? in
      if case .constant(let tensor) = argument { return tensor }
      guard case .operand = argument, let operand = remaining.popFirst() else { return nil }
      let values = unsafe UnsafeBufferPointer(start: operand.pointer(in: arena), count: operand.buffer.elementCount)
      return unsafe Tensor(Array(values), shape: operand.buffer.shape)
    }
    // Shapes and types were checked when the plan was made; an evaluation that fails nevertheless leaves NaN, which is
    // seen, and not the numbers of another run.
    let results = try? operation.compute(arguments)
    for (index, operand) in outputs.enumerated() {
      let target = unsafe UnsafeMutableBufferPointer(
        start: operand.pointer(in: arena), count: operand.buffer.elementCount)
      let values = try? results?[index].floats()
      unsafe _ = target.update(fromContentsOf: values ?? [Float](repeating: .nan, count: target.count))
    }
  }
}
