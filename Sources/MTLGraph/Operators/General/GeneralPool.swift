import Glibc

/// Pooling over any number of axes: the largest element of each window, its mean, or its p-norm. Special forms: `MaxPool`
/// and `AveragePool` on images.
public struct GeneralPool: GeneralOperator, StandardOperator {
  enum Kind: Sendable {
    case max
    case average(countsPadding: Bool)
    case norm(p: Int)
  }

  public static let name = "Pool"
  public static let imports = [
    OperatorImport("MaxPool") { attributes throws(MTLError) in
      GeneralPool(
        .max, try SpatialWindow(attributes), hasIndices: attributes.outputCount > 1,
        isColumnMajor: try attributes.flag("storage_order"))
    },
    OperatorImport("AveragePool") { attributes throws(MTLError) in
      GeneralPool(
        .average(countsPadding: try attributes.flag("count_include_pad")), try SpatialWindow(attributes))
    },
    OperatorImport("LpPool") { attributes throws(MTLError) in
      GeneralPool(.norm(p: try attributes.integer("p", default: 2)), try SpatialWindow(attributes))
    },
  ]
  private let kind: Kind
  private let window: SpatialWindow
  /// Whether a second output says where the largest elements stand.
  private let hasIndices: Bool
  private let isColumnMajor: Bool

  init(_ kind: Kind, _ window: SpatialWindow, hasIndices: Bool = false, isColumnMajor: Bool = false) {
    self.kind = kind
    self.window = window
    self.hasIndices = hasIndices
    self.isColumnMajor = isColumnMajor
  }

  public var outputCount: Int { hasIndices ? 2 : 1 }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    var shape: Shape?
    if let own = input.shape {
      guard own.rank >= 3 else { throw MTLError(.shapeMismatch, "input", expected: "N x C x ...", found: "\(own)") }
      let sizes = Array(own.dimensions[2...])
      shape = Shape([own[0], own[1]] + (try window.outputSizes(sizes, try window.resolved(sizes))))
    }
    return hasIndices ? [Fact(input.type, shape), Fact(.int64, shape)] : [Fact(input.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, output) = (try inputs.required(0), try outputShape(inputs))
    let (sizes, outputSizes) = (Array(input.shape.dimensions[2...]), Array(output.dimensions[2...]))
    let window = try window.resolved(sizes)
    let values = input.doubles()
    let (pixels, places) = (sizes.reduce(1, *), outputSizes.reduce(1, *))
    var result = [Double](repeating: 0, count: output.elementCount)
    var indices = [Int](repeating: 0, count: hasIndices ? output.elementCount : 0)
    for place in 0..<places {
      var covered: [Int] = []
      var counted = 0
      window.forEachTap(at: place, output: outputSizes, input: sizes) { _, pixel, isBeyond in
        if let pixel { covered.append(pixel) }
        if !isBeyond { counted += 1 }
      }
      for plane in 0..<input.shape[0] * input.shape[1] {
        let elements = covered.map { values[plane * pixels + $0] }
        result[plane * places + place] = join(elements, counted)
        if hasIndices, let winner = covered.max(by: { values[plane * pixels + $0] < values[plane * pixels + $1] }) {
          let first = covered.first { values[plane * pixels + $0] == values[plane * pixels + winner] } ?? winner
          indices[plane * places + place] = plane * pixels + position(first, sizes)
        }
      }
    }
    let joined = Tensor(result, as: input.type, shape: output)
    return hasIndices ? [joined, Tensor(indices, as: .int64, shape: output)] : [joined]
  }

  /// A pixel's number, counted down the columns if so wanted.
  private func position(_ pixel: Int, _ sizes: [Int]) -> Int {
    guard isColumnMajor else { return pixel }
    var (rest, scale, result) = (pixel, sizes.reduce(1, *), 0)
    for size in sizes.reversed() {
      scale /= size
      result += rest % size * scale
      rest /= size
    }
    return result
  }

  private func join(_ elements: [Double], _ counted: Int) -> Double {
    switch kind {
    case .max: elements.reduce(-.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 }
    case .average(let countsPadding): elements.reduce(0, +) / Double(countsPadding ? counted : elements.count)
    case .norm(let p): pow(elements.reduce(0) { $0 + pow(abs($1), Double(p)) }, 1 / Double(p))
    }
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), input.fact.type == .float32, !hasIndices, let shape = input.fact.shape,
      shape.rank == 4, let planar = try window.resolved(Array(shape.dimensions[2...])).planar
    else { return nil }
    let special: any Operator
    switch kind {
    case .max: special = MaxPool(planar, ceil: window.ceil)
    case .average(let countsPadding): special = AveragePool(planar, ceil: window.ceil, countsPadding: countsPadding)
    case .norm: return nil
    }
    guard (try? special.outputShapes([shape])) == (try infer([input.fact]).compactMap(\.shape)) else { return nil }
    return try specializer.add(special, [input.id])
  }
}
