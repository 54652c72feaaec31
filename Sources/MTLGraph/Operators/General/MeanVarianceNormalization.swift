/// Each element less the mean and divided by the standard deviation over some axes.
public struct MeanVarianceNormalization: GeneralOperator, StandardOperator {
  public static let name = "MeanVarianceNormalization"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      MeanVarianceNormalization(axes: try attributes.integers("axes") ?? [0, 2, 3])
    }
  ]
  private let axes: [Int]

  init(axes: [Int]) {
    self.axes = axes
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let shape = input.shape { _ = try shape.axes(axes) }
    return [Fact(input.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    var values = input.doubles()
    for places in input.shape.groups(joining: try input.shape.axes(axes)) where !places.isEmpty {
      let mean = places.reduce(0) { $0 + values[$1] } / Double(places.count)
      let variance = places.reduce(0) { $0 + values[$1] * values[$1] } / Double(places.count) - mean * mean
      for place in places { values[place] = (values[place] - mean) / (max(variance, 0).squareRoot() + 1e-9) }
    }
    return [Tensor(values, as: input.type, shape: input.shape)]
  }
}
