/// The mean, the sum or each of -log p of the true class: input N x C x ..., target N x ....
public struct NegativeLogLikelihoodLoss: GeneralOperator, StandardOperator {
  enum Reduction: String, Sendable, CaseIterable { case none, sum, mean }

  public static let name = "NegativeLogLikelihoodLoss"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      NegativeLogLikelihoodLoss(
        reduction: try attributes.choice("reduction", default: .mean), ignored: try attributes.integer("ignore_index"))
    }
  ]
  private let reduction: Reduction
  /// A class that does not count.
  private let ignored: Int?

  init(reduction: Reduction, ignored: Int?) {
    (self.reduction, self.ignored) = (reduction, ignored)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, target) = (try inputs.required(0), try inputs.required(1))
    guard let shape = input.shape, let classes = target.shape else { return [Fact(input.type, nil)] }
    guard shape.rank >= 2, classes.dimensions == [shape[0]] + shape.dimensions[2...] else {
      throw MTLError(.shapeMismatch, "target", expected: "\(shape) without its classes", found: "\(classes)")
    }
    if let weight = inputs.optional(2)?.shape, weight.dimensions != [shape[1]] {
      throw MTLError(.shapeMismatch, "weight", expected: "\(shape[1])", found: "\(weight)")
    }
    return [Fact(input.type, reduction == .none ? classes : [])]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, target, shape) = (try inputs.required(0), try inputs.required(1), try outputShape(inputs))
    let (values, weights) = (input.doubles(), inputs.optional(2)?.doubles())
    let pixels = input.shape.dimensions[2...].reduce(1, *)
    var (losses, total): ([Double], Double) = ([], 0)
    for (index, label) in target.integers().enumerated() {
      if label == ignored {
        losses.append(0)
        continue
      }
      let (image, pixel) = index.quotientAndRemainder(dividingBy: max(pixels, 1))
      let place = try Tensor([label], as: .int64, shape: [1]).places(within: input.shape[1])[0]
      let weight = weights?[place] ?? 1
      losses.append(-values[(image * input.shape[1] + place) * pixels + pixel] * weight)
      total += weight
    }
    let sum = losses.reduce(0, +)
    let results = reduction == .none ? losses : reduction == .sum ? [sum] : [sum / total]
    return [Tensor(results, as: input.type, shape: shape)]
  }
}
