/// Negative log likelihood of the log-softmax over classes, which is the second output.
public struct SoftmaxCrossEntropyLoss: GeneralOperator, StandardOperator {
  public static let name = "SoftmaxCrossEntropyLoss"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      SoftmaxCrossEntropyLoss(
        loss: NegativeLogLikelihoodLoss(
          reduction: try attributes.choice("reduction", default: .mean), ignored: try attributes.integer("ignore_index")
        ),
        outputCount: min(max(attributes.outputCount, 1), 2))
    }
  ]
  private let loss: NegativeLogLikelihoodLoss
  public let outputCount: Int

  init(loss: NegativeLogLikelihoodLoss, outputCount: Int) {
    (self.loss, self.outputCount) = (loss, outputCount)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    return Array((try loss.infer(inputs) + [Fact(input.type, input.shape)]).prefix(outputCount))
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    _ = try infer(inputs.map { $0.map { Fact($0) } })
    let logarithms = try LogSoftmax(axis: 1).compute([try inputs.required(0)])[0]
    var others = inputs
    others[0] = logarithms
    return Array((try loss.compute(others) + [logarithms]).prefix(outputCount))
  }
}
