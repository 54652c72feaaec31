import MTLGraph
import TestSupport

@testable import MTLEngine

extension Session {
  /// A session that the environment's cap of the instruction set does not reach: other tests change it meanwhile.
  convenience init(
    testing network: Network, threads: Int = 1, isa: InstructionSet = .detected, planLimit: Int = 8,
    pool: ThreadPool? = nil, emulatesBFloat16: Bool = true
  ) {
    var options = Options()
    options.instructionSet = isa
    options.planLimit = planLimit
    options.emulatesBFloat16 = emulatesBFloat16
    self.init(network, pool: pool ?? ThreadPool(width: threads), options: options)
  }

  /// Runs on a row-major image tensor.
  func run(_ input: Tensor, tasks: [Int]) throws(MTLError) -> [Tensor] {
    let values = try input.floats()
    let strides = input.shape.rowMajorStrides.map { $0 * 4 }
    var results: [Tensor] = []
    try run(
      inputShape: input.shape, tasks: tasks,
      fill: { destination throws(MTLError) in
        unsafe values.withUnsafeBytes { bytes in
          if let base = bytes.baseAddress {
            unsafe destination.copy(from: base, strides: (strides[0], strides[1], strides[2], strides[3]))
          }
        }
      },
      collect: { outputs in
        for position in tasks.indices {
          let shape = outputs.layout.shapes[position]
          var values = [Float](repeating: .nan, count: shape.elementCount)
          unsafe values.withUnsafeMutableBufferPointer { memory in
            if let base = memory.baseAddress { unsafe outputs.copy(position, to: base) }
          }
          results.append(Tensor(values, shape: shape))
        }
      })
    return results
  }

  func run(_ input: Tensor) throws(MTLError) -> [Tensor] { try run(input, tasks: Array(0..<network.taskCount)) }
}

/// The bits of every element of every tensor.
func bits(_ tensors: [Tensor]) throws -> [[UInt32]] {
  try tensors.map { try $0.floats().map(\.bitPattern) }
}

/// Every set that is not empty of the tasks below `count`, in order.
func taskSubsets(_ count: Int) -> [[Int]] {
  (1..<(1 << count)).map { set in (0..<count).filter { set >> $0 & 1 == 1 } }
}
