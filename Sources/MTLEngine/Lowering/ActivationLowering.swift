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
      groupCount: input.imageElementCount, rowCount: 1, images: input.imageCount, work: input.imageElementCount,
      threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      ActivationStep(
        kernels: kernels, activation: activation, input: operands[0], output: operands[1], split: split)
    }
    return true
  }
}

/// Items are images x ranges of elements.
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

  var itemCount: Int { input.buffer.imageCount * split.itemCount }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let image = item / split.itemCount
    let range = split.groupRange(item % split.itemCount)
    unsafe kernels.functions.pointee.activate(
      input.pointer(in: arena, image: image) + range.lowerBound,
      output.pointer(in: arena, image: image) + range.lowerBound, Int64(range.count), activation.code,
      activation.slope)
  }
}
