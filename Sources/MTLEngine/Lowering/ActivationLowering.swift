import MTLGraph

/// Activations that no other step took into its epilogue; any layout.
enum ActivationLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let activation = Activation(node.operation) else { return false }
    let source = planner.anyBuffer(of: node.inputs[0])
    let input = if let source { source } else { try planner.buffer(of: node.inputs[0], as: .planar) }
    let output = planner.makeBuffer(for: node.outputs[0], input.layout)
    let kernels = planner.kernels
    let split = WorkSplit(
      groupCount: input.elementCount, rowCount: 1, work: input.elementCount, threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      ActivationStep(
        kernels: kernels, activation: activation, input: operands[0], output: operands[1], split: split)
    }
    return true
  }
}

/// Items are ranges of elements.
private final class ActivationStep: Step {
  let kernelName: String
  private let kernels: KernelSet
  private let activation: Activation
  private let input: Operand
  private let output: Operand
  private let split: WorkSplit

  init(kernels: KernelSet, activation: Activation, input: Operand, output: Operand, split: WorkSplit) {
    self.kernels = kernels
    self.activation = activation
    self.input = input
    self.output = output
    self.split = split
    kernelName = "\(activation.name) \(kernels.instructionSet.name)"
  }

  var itemCount: Int { split.itemCount }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let range = split.groupRange(item)
    unsafe kernels.functions.pointee.activate(
      input.pointer(in: arena) + range.lowerBound, output.pointer(in: arena) + range.lowerBound, Int64(range.count),
      activation.code, activation.slope)
  }
}
