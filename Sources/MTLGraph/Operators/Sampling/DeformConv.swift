/// Convolution whose taps are moved by offsets of each output pixel and weighted by a mask (Zhu et al., "Deformable
/// ConvNets v2", 2019). Images only.
public struct DeformConv: GeneralOperator, StandardOperator {
  public static let name = "DeformConv"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      DeformConv(
        try SpatialWindow(attributes), groups: try attributes.integer("group", default: 1),
        offsetGroups: try attributes.integer("offset_group", default: 1))
    }
  ]
  private let window: SpatialWindow
  private let groups: Int
  private let offsetGroups: Int

  init(_ window: SpatialWindow, groups: Int, offsetGroups: Int) {
    (self.window, self.groups, self.offsetGroups) = (window, groups, offsetGroups)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (x, weight, offset) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard let shape = x.shape, shape.rank == 4 else {
      guard x.shape == nil else { throw MTLError(.unsupported, "input", expected: "images", found: "\(x.shape ?? [])") }
      return [Fact(x.type, nil)]
    }
    let output = try GeneralConvolution(window, groups: groups).infer([x, weight])[0]
    guard let result = output.shape, let filter = weight.shape, let moves = offset.shape else { return [output] }
    let taps = filter[2] * filter[3]
    guard offsetGroups >= 1, shape[1] % offsetGroups == 0,
      moves.dimensions == [shape[0], 2 * offsetGroups * taps, result[2], result[3]]
    else {
      throw MTLError(
        .shapeMismatch, "offset", expected: "\(shape[0])x\(2 * offsetGroups * taps)x\(result[2])x\(result[3])",
        found: "\(moves)")
    }
    if let bias = inputs.optional(3)?.shape, bias.dimensions != [filter[0]] {
      throw MTLError(.shapeMismatch, "bias", expected: "\(filter[0])", found: "\(bias)")
    }
    if let mask = inputs.optional(4)?.shape, mask.dimensions != [shape[0], offsetGroups * taps, result[2], result[3]] {
      throw MTLError(.shapeMismatch, "mask", expected: "half as many channels as offsets", found: "\(mask)")
    }
    return [output]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, weight, output) = (try inputs.required(0), try inputs.required(1), try outputShape(inputs))
    let (values, weights, moves) = (x.doubles(), weight.doubles(), try inputs.required(2).doubles())
    let (biases, mask) = (inputs.optional(3)?.doubles(), inputs.optional(4)?.doubles())
    let (shape, filter) = (x.shape, weight.shape)
    let resolved = try window.resolved(Array(shape.dimensions[2...]), weight: Array(filter.dimensions[2...]))
    let taps = filter[2] * filter[3]
    let places = output[2] * output[3]
    var result = [Double](repeating: 0, count: output.elementCount)
    for image in 0..<output[0] {
      for place in 0..<places {
        let (row, column) = place.quotientAndRemainder(dividingBy: output[3])
        for channel in 0..<shape[1] {
          let group = channel / (shape[1] / offsetGroups)
          let plane = (image * shape[1] + channel) * shape[2] * shape[3]
          for tap in 0..<taps {
            let start = (image * 2 * offsetGroups * taps + 2 * (group * taps + tap)) * places + place
            let y = Double(row * resolved.strides[0] - resolved.before[0] + tap / filter[3] * resolved.dilations[0])
            let z = Double(column * resolved.strides[1] - resolved.before[1] + tap % filter[3] * resolved.dilations[1])
            var value = DeformConv.sample(
              values, plane, shape[2], shape[3], y + moves[start], z + moves[start + places])
            if let mask { value *= mask[(image * offsetGroups * taps + group * taps + tap) * places + place] }
            let (outputs, inputs) = (filter[0] / groups, filter[1])
            for filterIndex in channel / inputs * outputs..<(channel / inputs + 1) * outputs {
              result[(image * filter[0] + filterIndex) * places + place] +=
                value * weights[(filterIndex * inputs + channel % inputs) * taps + tap]
            }
          }
        }
      }
    }
    if let biases {
      for index in result.indices { result[index] += biases[index / places % filter[0]] }
    }
    return [Tensor(result, as: x.type, shape: output)]
  }

  /// Bilinear, with zeros outside.
  private static func sample(
    _ values: [Double], _ plane: Int, _ height: Int, _ width: Int, _ y: Double, _ x: Double
  ) -> Double {
    guard y > -1, x > -1, y < Double(height), x < Double(width) else { return 0 }
    let (top, left) = (Int(y.rounded(.down)), Int(x.rounded(.down)))
    let (down, across) = (y - Double(top), x - Double(left))
    var sum = 0.0
    for (row, rowWeight) in [(top, 1 - down), (top + 1, down)] where (0..<height).contains(row) {
      for (column, weight) in [(left, 1 - across), (left + 1, across)] where (0..<width).contains(column) {
        sum += rowWeight * weight * values[plane + row * width + column]
      }
    }
    return sum
  }
}
