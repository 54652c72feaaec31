import Glibc

/// Resamples along any axes, as the standard has it. Special form: `Resize` of images where a kernel knows the mode.
public struct GeneralResize: GeneralOperator, StandardOperator {
  enum Mode: String, Sendable, CaseIterable {
    case nearest
    case linear
    case cubic
  }

  enum Positions: String, Sendable, CaseIterable {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    case cropAndResize = "tf_crop_and_resize"
  }

  enum Rounding: String, Sendable, CaseIterable {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor
    case ceil
  }

  enum AspectPolicy: String, Sendable, CaseIterable {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  public static let name = "Resize"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      try GeneralResize(attributes, scalesPosition: attributes.opset < 11 ? 1 : 2)
    },
    OperatorImport("Upsample") { attributes throws(MTLError) in try GeneralResize(attributes, scalesPosition: 1) },
  ]
  private let mode: Mode
  private let positions: Positions
  private let rounding: Rounding
  private let policy: AspectPolicy
  private let axes: [Int]?
  private let cubicCoefficient: Double
  private let excludesOutside: Bool
  private let extrapolation: Double
  private let isAntialiased: Bool
  private let scalesAttribute: [Float]?
  private let scalesPosition: Int

  init(_ attributes: Attributes, scalesPosition: Int) throws(MTLError) {
    let name = try attributes.string("mode", default: "nearest")
    guard let mode = Mode(rawValue: name == "bilinear" ? "linear" : name) else {
      throw MTLError(.unsupported, "mode", expected: "nearest, linear or cubic", found: "'\(name)'")
    }
    self.mode = mode
    let isOld = scalesPosition == 1
    positions = try attributes.choice("coordinate_transformation_mode", default: isOld ? .asymmetric : .halfPixel)
    rounding = try attributes.choice("nearest_mode", default: isOld ? .floor : .preferFloor)
    policy = try attributes.choice("keep_aspect_ratio_policy", default: .stretch)
    axes = try attributes.integers("axes")
    cubicCoefficient = Double(try attributes.float("cubic_coeff_a", default: -0.75))
    excludesOutside = try attributes.flag("exclude_outside")
    extrapolation = Double(try attributes.float("extrapolation_value", default: 0))
    isAntialiased = try attributes.flag("antialias")
    scalesAttribute = try attributes.floats("scales")
    self.scalesPosition = scalesPosition
  }

  /// One axis: its sizes, and how places are scaled.
  private struct Axis {
    let input: Int
    var output: Int
    var scale: Double
    var region: (start: Double, end: Double) = (0, 1)
  }

  /// nil where the sizes depend on data.
  private func axes(_ inputs: [Fact?], _ shape: Shape) throws(MTLError) -> [Axis]? {
    var result = shape.dimensions.map { Axis(input: $0, output: $0, scale: 1) }
    let listed = try (axes ?? Array(0..<shape.rank)).map { axis throws(MTLError) in try shape.axis(axis) }
    func numbers(_ fact: Fact?) throws(MTLError) -> [Double]? {
      guard let value = fact?.value, value.shape.elementCount > 0 else { return nil }
      let numbers = value.doubles()
      guard numbers.count == listed.count else {
        throw MTLError(
          .shapeMismatch, "scales or sizes", expected: "\(listed.count) numbers", found: "\(numbers.count)")
      }
      return numbers
    }
    let scalesFact = inputs.optional(scalesPosition)
    let given = scalesAttribute.map { $0.map { Double($0) } }
    let fromInput = try numbers(scalesFact)
    if let scales = given ?? fromInput {
      guard scales.count == listed.count, scales.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw MTLError(.shapeMismatch, "scales", expected: "\(listed.count) numbers above 0", found: "\(scales)")
      }
      for (axis, scale) in zip(listed, scales) {
        result[axis].scale = scale
        result[axis].output = Int(saturating: (Double(shape[axis]) * scale).rounded(.down))
      }
    } else if let sizes = try numbers(inputs.optional(scalesPosition + 1)) {
      setSizes(sizes, listed, shape, &result)
    } else {
      let isUnknown = scalesFact?.value == nil || inputs.optional(scalesPosition + 1).map { $0.value == nil } ?? false
      if isUnknown { return nil }
      throw MTLError(.badFormat, "scales", "are missing, and so are sizes")
    }
    if positions == .cropAndResize, scalesPosition == 2 {
      guard let region = inputs.optional(1)?.value?.doubles(), region.count == 2 * listed.count else { return nil }
      for (position, axis) in listed.enumerated() {
        result[axis].region = (region[position], region[position + listed.count])
      }
    }
    return result
  }

  private func setSizes(_ sizes: [Double], _ listed: [Int], _ shape: Shape, _ result: inout [Axis]) {
    let scales = zip(listed, sizes).map { $1 / Double(max(shape[$0], 1)) }
    let common: Double? =
      switch policy {
      case .stretch: nil
      case .notLarger: scales.min()
      case .notSmaller: scales.max()
      }
    for (position, axis) in listed.enumerated() {
      result[axis].scale = common ?? scales[position]
      let size = common.map { ($0 * Double(shape[axis])).rounded() } ?? sizes[position]
      result[axis].output = Int(saturating: size)
    }
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let axes = try axes(inputs, shape) else { return [Fact(input.type, nil)] }
    let output = try Shape(checking: axes.map(\.output), of: "output")
    guard shape.elementCount > 0 || output.elementCount == 0 else {
      throw MTLError(.shapeMismatch, "input", expected: "at least one element", found: "\(shape)")
    }
    return [Fact(input.type, output)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let axes = try axes(inputs.map { $0.map { Fact($0) } }, input.shape) ?? []
    var values = input.doubles()
    var dimensions = input.shape.dimensions
    let output = Shape(axes.map(\.output))
    for (axis, each) in axes.enumerated() where each.output != each.input || each.scale != 1 || each.region != (0, 1) {
      let places = (0..<each.output).map { taps(at: $0, each) }
      let (outer, inner) = (dimensions[..<axis].reduce(1, *), dimensions[(axis + 1)...].reduce(1, *))
      var next: [Double] = []
      next.reserveCapacity(outer * each.output * inner)
      for block in 0..<outer {
        for place in places {
          for column in 0..<inner {
            let start = block * each.input * inner + column
            var sum = 0.0
            for tap in place { sum += values[start + tap.index * inner] * tap.weight }
            next.append(sum)
          }
        }
      }
      values = next
      dimensions[axis] = each.output
    }
    if positions == .cropAndResize {
      for place in outsidePlaces(axes, output) { values[place] = extrapolation }
    }
    let result = input.type.isInteger ? values.map { $0.rounded() } : values
    return [Tensor(result, as: input.type, shape: output)]
  }

  /// Places of the output that a cropped region has beyond the input.
  private func outsidePlaces(_ axes: [Axis], _ output: Shape) -> Set<Int> {
    let isOutside = axes.map { axis in
      (0..<axis.output).map { place in
        let position = self.position(place, axis)
        return position < 0 || position > Double(axis.input - 1)
      }
    }
    return Set(
      (0..<output.elementCount).filter { index in
        var rest = index
        for axis in axes.indices.reversed() {
          if isOutside[axis][rest % axes[axis].output] { return true }
          rest /= axes[axis].output
        }
        return false
      })
  }

  /// Where a place of the output lies in the input.
  private func position(_ place: Int, _ axis: Axis) -> Double {
    let (place, input, scale) = (Double(place), Double(axis.input), axis.scale)
    // A scale that gives no whole number of places: the standard's size for some modes.
    let length = scale * input
    switch positions {
    case .halfPixel: return (place + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Double(axis.output) / length
      return input / 2 * (1 - adjustment) + (place + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return length > 1 ? (place + 0.5) / scale - 0.5 : 0
    case .alignCorners: return length == 1 ? 0 : place * (input - 1) / (length - 1)
    case .asymmetric: return place / scale
    case .cropAndResize:
      let (start, end) = axis.region
      guard length > 1 else { return 0.5 * (start + end) * (input - 1) }
      return start * (input - 1) + place * (end - start) * (input - 1) / (length - 1)
    }
  }

  private func taps(at place: Int, _ axis: Axis) -> [(index: Int, weight: Double)] {
    let position = position(place, axis)
    if mode == .nearest { return [(min(max(rounded(position), 0), axis.input - 1), 1)] }
    let reach = mode == .linear ? 1.0 : 2.0
    // A smaller picture sees all that it covers, if so wanted.
    let scale = isAntialiased ? min(axis.scale, 1) : 1
    let radius = reach / scale
    let first = Int(saturating: (position - radius).rounded(.down)) + 1
    let last = Int(saturating: (position + radius).rounded(.up)) - 1
    var taps: [(index: Int, weight: Double)] = []
    for index in first...max(first, last) {
      if excludesOutside, !(0..<axis.input).contains(index) { continue }
      let weight = weight(abs(Double(index) - position) * scale)
      taps.append((min(max(index, 0), axis.input - 1), weight))
    }
    let sum = taps.reduce(0) { $0 + $1.weight }
    return sum == 0 ? [(min(max(rounded(position), 0), axis.input - 1), 1)] : taps.map { ($0.index, $0.weight / sum) }
  }

  private func rounded(_ position: Double) -> Int {
    switch rounding {
    case .preferFloor: Int(saturating: Glibc.ceil(position - 0.5))
    case .preferCeil: Int(saturating: Glibc.floor(position + 0.5))
    case .floor: Int(saturating: Glibc.floor(position))
    case .ceil: Int(saturating: Glibc.ceil(position))
    }
  }

  private func weight(_ distance: Double) -> Double {
    let (d, a) = (distance, cubicCoefficient)
    if mode == .linear { return max(1 - d, 0) }
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), input.fact.type == .float32, let shape = input.fact.shape, shape.rank == 4,
      let axes = try axes(inputs.map { $0?.fact }, shape), axes[0].output == shape[0], axes[1].output == shape[1],
      let special = special(axes)
    else { return nil }
    return try specializer.add(Resize(special, to: .size(axes[2].output, axes[3].output)), [input.id])
  }

  /// The engine's mode that computes the same; its positions follow from the sizes alone.
  private func special(_ axes: [Axis]) -> Resize.Mode? {
    let areExact = axes[2...].allSatisfy { $0.scale * Double($0.input) == Double($0.output) }
    guard areExact, !isAntialiased, !excludesOutside else { return nil }
    let isHalf = positions == .halfPixel || (positions == .pytorchHalfPixel && axes[2...].allSatisfy { $0.output > 1 })
    switch mode {
    case .nearest: return positions == .asymmetric && rounding == .floor ? .nearest : nil
    case .linear: return isHalf ? .bilinear : positions == .alignCorners ? .bilinearAligned : nil
    case .cubic: return isHalf && cubicCoefficient == -0.75 ? .bicubic : nil
    }
  }
}
