/// Which weights of a convolution make each of its outputs: their row, which has a step of its own where weights are whole
/// numbers. A row lies in runs of weights that follow one another.
public struct WeightRows: Hashable, Sendable {
  /// Channels of all groups.
  public let inputCount: Int
  public let outputCount: Int
  /// Weights of an output.
  public let width: Int
  /// Weights of a run.
  let runLength: Int
  /// Of a transposed convolution, whose weights lie input by input: inputs and outputs of a group.
  private let transposed: Transposed?

  private struct Transposed: Hashable {
    let inputs: Int
    let outputs: Int
  }

  /// nil for operators that are no convolutions, and for weights that do not fit them.
  public init?(_ operation: any Operator, _ weight: Shape) {
    guard weight.rank == 4, weight.elementCount > 0 else { return nil }
    switch operation {
    case let convolution as Convolution:
      (inputCount, outputCount) = (weight[1].saturatingProduct(convolution.groups), weight[0])
      width = weight.elementCount / weight[0]
      runLength = width
      transposed = nil
    case let convolution as ConvolutionTranspose:
      guard convolution.groups > 0, weight[0] % convolution.groups == 0 else { return nil }
      (inputCount, outputCount) = (weight[0], weight[1].saturatingProduct(convolution.groups))
      width = weight.elementCount / weight[1] / convolution.groups
      runLength = weight[2] * weight[3]
      transposed = Transposed(inputs: weight[0] / convolution.groups, outputs: weight[1])
    default: return nil
    }
  }

  /// Of weights whose first axis is outputs.
  init(firstAxisOf weight: Shape) {
    outputCount = weight.dimensions.first ?? 1
    width = outputCount > 0 ? weight.elementCount / outputCount : 0
    (inputCount, runLength, transposed) = (width, width, nil)
  }

  /// Calls `body` with each run's output and places among the weights.
  func forEachRun(_ body: (_ output: Int, _ places: Range<Int>) -> Void) {
    let count = runLength > 0 ? outputCount * width / runLength : 0
    for run in 0..<count {
      var output = run
      if let transposed {
        output = run / transposed.outputs / transposed.inputs * transposed.outputs + run % transposed.outputs
      }
      body(output, run * runLength..<(run + 1) * runLength)
    }
  }
}
