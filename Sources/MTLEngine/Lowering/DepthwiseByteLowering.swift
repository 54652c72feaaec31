import CMTLKernels
import MTLGraph

/// Depthwise convolutions of values that lie in bytes, with whole weights.
enum DepthwiseByteLowering: Lowering {
  /// Floats of an item's rows; convolutions that need more, for a large dilation, run on floats.
  private static let memoryLimit = 1 << 20

  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let convolution = node.operation as? Convolution, node.inputs.count == 4,
      node.inputs.dropFirst().allSatisfy({ planner.constant($0) != nil }),
      let weight = planner.constant(node.inputs[1]), weight.type == .int8, convolution.isDepthwise(weight.shape),
      weight.shape[2].saturatingProduct(weight.shape[3]) <= Int(MTLK_DEPTHWISE_TAPS),
      let source = planner.narrowLayouts[node.inputs[0]], let grid = source.grid, source.lane == Int(MTLK_BYTE_LANE),
      rowElementCount(convolution, weight, planner.shape(of: node.outputs[0])) <= memoryLimit
    else { return false }
    let input = try planner.narrow(node.inputs[0])
    let (activation, layout, result) = planner.fuseEndOfSums(after: node)
    let output = planner.makeBuffer(for: result, layout)
    var window = try kernelWindow(
      convolution.window(weight: weight.shape), input: input, output: output, of: node.name)
    // Outputs are computed in blocks of 16, also where they lie in larger ones.
    window.output_blocks = (window.output_channels + Int32(MTLK_LANE) - 1) / Int32(MTLK_LANE)
    (window.activation, window.slope) = (activation.code, activation.slope)
    let grids = mtlk_grids(input: input, grid, output: output)
    let weights = try planner.packedDepthwise(weight, key: .init(value: node.inputs[1], packing: "depthwise bytes"))
    let factors = try ByteFactors(node, sums: weight.rowSums, grid, in: planner)
    let kernels = planner.kernels
    let split = WorkSplit(
      groupCount: Int(window.output_blocks), rowCount: output.shape[2], images: output.imageCount,
      work: output.imageElementCount.saturatingProduct(weight.shape[2] * weight.shape[3]),
      threadCount: planner.threadCount)
    let room = Int(mtlk_depthwise_memory(&window))
    // Each item has rows of its own.
    let memory = planner.makeScratch(
      elementCount: split.itemCount.saturatingProduct(output.imageCount).saturatingProduct(room))
    let name =
      "depthwise int8 convolution \(kernels.instructionSet.name)\(activation.suffix)\(layout.numbers == .bytes ? " to bytes" : "")"
    planner.add(
      nodeName: node.name, inputs: [input], outputs: [output, memory]
    ) { [window] operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        unsafe withUnsafePointer(to: window) { window in
          unsafe withUnsafePointer(to: grids) { grids in
            unsafe withFloats(factors.multipliers, factors.bias) { multipliers, bias in
              unsafe withFloats(weights, weights) { weights, _ in
                unsafe kernels.functions.pointee.depthwise_bytes(
                  window, grids, operands[0].bytes(in: arena, image: part.image), weights, multipliers, bias,
                  operands[1].pointer(in: arena, image: part.image),
                  operands[2].pointer(in: arena) + part.item * room, Int32(part.groups.lowerBound),
                  Int32(part.groups.upperBound), Int32(part.rows.lowerBound), Int32(part.rows.upperBound))
              }
            }
          }
        }
      }
    }
    return true
  }

  /// What `mtlk_depthwise_memory` will say, of any geometry.
  private static func rowElementCount(_ convolution: Convolution, _ weight: Tensor, _ output: Shape) -> Int {
    func extent(_ kernel: Int, _ dilation: Int) -> Int {
      (kernel - 1).saturatingProduct(dilation).saturatingSum(1)
    }
    let rows = extent(weight.shape[2], convolution.dilation.rows).saturatingSum(1)
    let columns = extent(weight.shape[3], convolution.dilation.columns)
      .saturatingSum((output[3] - 1).saturatingProduct(convolution.stride.columns))
    return rows.saturatingProduct(columns).saturatingProduct(Layout.lane)
  }
}

extension Tensor {
  /// Of whole numbers: the sum of each place of the first axis.
  fileprivate var rowSums: [Int] {
    let (numbers, rows) = (integers(), max(shape[0], 1))
    let width = numbers.count / rows
    return (0..<rows).map { numbers[$0 * width..<($0 + 1) * width].reduce(0, +) }
  }
}

extension Planner {
  /// The weights of a depthwise convolution as its kernels read them, [block][tap][16], those of each channel times its
  /// factor, if there are factors.
  func packedDepthwise(
    _ weight: Tensor, factors: [Float]? = nil, key: PackedWeights.Key
  ) throws(MTLError) -> Bytes {
    try network.packedWeights.bytes(for: key) {
      let taps = weight.shape[2] * weight.shape[3]
      let blocks = (weight.shape[0] + Layout.lane - 1) / Layout.lane
      var packed = [Float](repeating: 0, count: blocks * taps * Layout.lane)
      for (index, value) in weight.numbers().enumerated() {
        let (channel, tap) = index.quotientAndRemainder(dividingBy: taps)
        packed[(channel / Layout.lane * taps + tap) * Layout.lane + channel % Layout.lane] =
          value * (factors?[channel] ?? 1)
      }
      return Bytes(copying: packed)
    }
  }
}
