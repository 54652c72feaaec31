import CMTLKernels
import MTLGraph

/// Fully connected layers with constant weights, which are read where the file maps them.
enum GemmLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard node.operation is Gemm, var weight = planner.constant(node.inputs[1]) else { return false }
    if node.inputs.count == 4, let factors = planner.constant(node.inputs[3]) {
      weight = try weight.scaledRows(by: factors)
    }
    let bias = node.inputs.count >= 3 ? planner.constant(node.inputs[2]) : nil
    guard weight.type == .float32, node.inputs.count == 2 || bias?.type == .float32 else { return false }
    let (activation, result) = planner.fuseActivation(after: node) { _ in true }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    let output = planner.makeBuffer(for: result, .planar)
    let kernels = planner.kernels
    let split = WorkSplit(
      groupCount: (weight.shape[0] + GemmStep.groupSize - 1) / GemmStep.groupSize, rowCount: 1,
      work: weight.shape.elementCount.saturatingProduct(input.shape[0]), threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      GemmStep(
        kernels: kernels, weight: weight, bias: bias, activation: activation, input: operands[0], output: operands[1],
        split: split)
    }
    return true
  }
}

/// Items are ranges of outputs.
private final class GemmStep: Step {
  /// Outputs that the kernel computes together.
  static let groupSize = 4
  let kernelName: String
  private let kernels: KernelSet
  private let weight: Tensor
  private let bias: Tensor?
  private let activation: Activation
  private let input: Operand
  private let output: Operand
  private let split: WorkSplit

  init(
    kernels: KernelSet, weight: Tensor, bias: Tensor?, activation: Activation, input: Operand, output: Operand,
    split: WorkSplit
  ) {
    self.kernels = kernels
    self.weight = weight
    self.bias = bias
    self.activation = activation
    self.input = input
    self.output = output
    self.split = split
    kernelName = "gemm \(kernels.instructionSet.name)\(activation.suffix)"
  }

  var itemCount: Int { split.itemCount }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let (outputs, depth) = (weight.shape[0], weight.shape[1])
    let groups = split.groupRange(item)
    unsafe weight.bytes.withUnsafeBytes { weight in
      unsafe (bias?.bytes ?? Bytes(owner: nil, base: nil, count: 0)).withUnsafeBytes { bias in
        unsafe kernels.functions.pointee.gemm(
          input.pointer(in: arena), weight.assumingMemoryBound(to: Float.self).baseAddress,
          bias.assumingMemoryBound(to: Float.self).baseAddress, output.pointer(in: arena),
          Int64(input.buffer.shape[0]), Int64(depth), Int64(outputs), Int64(groups.lowerBound * GemmStep.groupSize),
          Int64(min(groups.upperBound * GemmStep.groupSize, outputs)), activation.code, activation.slope)
      }
    }
  }
}
