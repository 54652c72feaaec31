import CMTLKernels
import MTLGraph

/// Fully connected layers with constant weights, which are read where the file maps them.
enum GemmLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard node.operation is Gemm, var weight = planner.constant(node.inputs[1]) else { return false }
    if node.inputs.count == 4, let factors = planner.constant(node.inputs[3]) {
      let key = PackedWeights.Key(value: node.inputs[1], packing: "floats \(node.inputs[3].index)")
      let floats = try planner.network.packedWeights.bytes(for: key) { () throws(MTLError) in
        try weight.scaledRows(by: factors).bytes
      }
      weight = try Tensor(shape: weight.shape, type: .float32, bytes: floats, of: node.name)
    }
    let bias = node.inputs.count >= 3 ? planner.constant(node.inputs[2]) : nil
    guard weight.type == .float32, node.inputs.count == 2 || bias?.type == .float32 else { return false }
    let (activation, result) = planner.fuseActivation(after: node) { _ in true }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    let output = planner.makeBuffer(for: result, .planar)
    let products = MatrixProducts(
      rows: input.shape[0], depth: weight.shape[1], outputs: weight.shape[0], activation: activation,
      kernels: planner.kernels, threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      GemmStep(
        products, name: "gemm \(products.kernels.instructionSet.name)\(activation.suffix)", weight: weight, bias: bias,
        input: operands[0], output: operands[1])
    }
    return true
  }
}

private final class GemmStep: Step {
  let kernelName: String
  private let products: MatrixProducts
  private let weight: Tensor
  private let bias: Tensor?
  private let input: Operand
  private let output: Operand

  init(_ products: MatrixProducts, name: String, weight: Tensor, bias: Tensor?, input: Operand, output: Operand) {
    kernelName = name
    self.products = products
    self.weight = weight
    self.bias = bias
    self.input = input
    self.output = output
  }

  var itemCount: Int { products.split.itemCount }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    unsafe weight.bytes.withUnsafeBytes { weight in
      unsafe (bias?.bytes ?? Bytes(owner: nil, base: nil, count: 0)).withUnsafeBytes { bias in
        let operands = unsafe MatrixProducts.Operands(
          x: input.pointer(in: arena), weight: weight.assumingMemoryBound(to: Float.self).baseAddress,
          bias: bias.assumingMemoryBound(to: Float.self).baseAddress, y: output.pointer(in: arena))
        unsafe products.run(groups: products.split.groupRange(item), strips: products.split.rowRange(item)) { _ in
          unsafe operands
        }
      }
    }
  }
}
