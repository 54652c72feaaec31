/// Normalisation of groups of channels of each image, then scale and bias: of each group before operator set 21, of each
/// channel since.
public struct GroupNormalization: GeneralOperator, StandardOperator {
  public static let name = "GroupNormalization"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard let groups = try attributes.integer("num_groups") else { throw attributes.missing("num_groups") }
      return GroupNormalization(
        groups: groups, epsilon: try attributes.float("epsilon", default: 1e-5), scalesGroups: attributes.opset < 21)
    }
  ]
  private let groups: Int
  private let epsilon: Float
  private let scalesGroups: Bool

  init(groups: Int, epsilon: Float, scalesGroups: Bool) {
    (self.groups, self.epsilon, self.scalesGroups) = (groups, epsilon, scalesGroups)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    let others = [try inputs.required(1), try inputs.required(2)]
    guard let shape = input.shape else { return [Fact(input.type, nil)] }
    guard shape.rank >= 2, groups >= 1, shape[1] % groups == 0 else {
      throw MTLError(.shapeMismatch, "input", expected: "channels in \(groups) groups", found: "\(shape)")
    }
    for case let other? in others.map(\.shape) where other.dimensions != [scalesGroups ? groups : shape[1]] {
      throw MTLError(.shapeMismatch, "scale, bias", expected: "\(scalesGroups ? groups : shape[1])", found: "\(other)")
    }
    return [Fact(input.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let (scale, bias) = (try inputs.required(1).doubles(), try inputs.required(2).doubles())
    var values = input.doubles()
    let pixels = shape.dimensions[2...].reduce(1, *)
    let length = shape[1] / groups * pixels
    for start in stride(from: 0, to: length == 0 ? 0 : values.count, by: max(length, 1)) {
      normalize(&values, start..<start + length, epsilon: Double(epsilon)) { value, place in
        let channel = (start + place) / pixels % shape[1]
        let factor = scalesGroups ? channel / (shape[1] / groups) : channel
        return value * scale[factor] + bias[factor]
      }
    }
    return [Tensor(values, as: input.type, shape: shape)]
  }

}
