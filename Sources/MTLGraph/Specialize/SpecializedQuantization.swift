/// A value and the grid that it was brought onto.
struct GriddedValue: Hashable {
  let value: ValueID
  let grid: ByteGrid
}

/// Whole numbers and the factors that they are multiplied with.
struct WholeWeights {
  /// Of the file's constant.
  let name: String?
  let numbers: Tensor
  /// One for each place of an axis, or one for all.
  private let factors: [Float]
  private let axis: Int

  /// nil where the axis is not one of outputs: the first of convolutions, the second of transposed ones, and either of
  /// layers.
  init?(name: String?, _ numbers: Tensor, _ factors: [Float], axis: Int?) {
    guard let axis = factors.count == 1 ? 0 : axis, axis == 0 || axis == 1,
      factors.count == 1 || factors.count == numbers.shape[axis]
    else { return nil }
    (self.name, self.numbers, self.factors, self.axis) = (name, numbers, factors, axis)
  }

  /// The factor of each place of an axis; nil where they go by another one.
  func factors(along axis: Int) -> [Float]? {
    if factors.count == 1 { return [Float](repeating: factors[0], count: numbers.shape[axis]) }
    return axis == self.axis ? factors : nil
  }

  /// What the numbers stand for.
  func floats() throws(MTLError) -> Tensor {
    try DequantizeLinear(axis: axis, blockSize: 0, target: nil).compute([
      numbers, Tensor(factors, shape: [factors.count]),
    ])[0]
  }
}

/// Whole weights as a fully connected layer sees them, which has its outputs along either axis.
struct LayerWeights {
  /// Of each output.
  let factors: [Float]
  /// Inputs.
  let depth: Int

  /// A matrix of the file, and how a layer reads it.
  struct Key: Hashable {
    let value: ValueID
    let hasOutputsFirst: Bool
    let isKernel: Bool
  }

  /// In the graph: whole numbers with outputs first, a matrix or kernels of one pixel; factors; and no bias.
  struct Constants {
    let numbers: ValueID
    let factors: ValueID
    let zeros: ValueID
  }

  /// nil for what is no matrix, or has its factors along the other axis.
  init?(_ whole: WholeWeights, hasOutputsFirst: Bool) {
    guard whole.numbers.shape.rank == 2, let factors = whole.factors(along: hasOutputsFirst ? 0 : 1) else { return nil }
    (self.factors, depth) = (factors, whole.numbers.shape[hasOutputsFirst ? 1 : 0])
  }
}

extension Specializer {
  /// The value on a grid of bytes, once for all who ask for it.
  mutating func onGrid(_ value: ValueID, _ grid: ByteGrid) throws(MTLError) -> ValueID {
    let key = GriddedValue(value: value, grid: grid)
    if let known = gridded[key] { return known }
    let result = try add(FakeQuantize(grid: grid), [value])[0]
    gridded[key] = result
    sources[result] = key
    return result
  }
}

extension Specializer {
  /// The inputs of an operator, with floats for whole numbers that are no weights of a convolution.
  mutating func withoutWholeWeights(
    _ inputs: [ValueID?], of operation: any Operator
  ) throws(MTLError) -> [ValueID?] {
    var result = inputs
    for (position, value) in inputs.enumerated() {
      guard let value, let whole = wholeWeights[value], !takes(whole, operation, position, inputs) else { continue }
      if floatWeights[value] == nil { floatWeights[value] = addConstant(try whole.floats()) }
      result[position] = floatWeights[value]
    }
    return result
  }
}

extension Specializer {
  /// Rows up to which a layer is a convolution of images of one pixel each, for which all weights are read anew.
  private static let maximumImageCount = 16

  /// The grid that a value's numbers lie on.
  func grid(of value: ValueID) -> ByteGrid? { sources[value]?.grid ?? moved[value] }

  /// Remembers the grid of what only picks and arranges numbers.
  mutating func carryGrid(_ operation: any Operator, _ inputs: [ValueID?], to outputs: [ValueID]) {
    switch operation {
    case is Reshape, is Transpose, is Slice, is Flatten: moved[outputs[0]] = inputs[0].flatMap { grid(of: $0) }
    default: break
    }
  }

  /// Whether an operator knows what to do with whole weights whose outputs have factors: a convolution, and a fully
  /// connected layer of bytes.
  private func takes(
    _ whole: WholeWeights, _ operation: any Operator, _ position: Int, _ inputs: [ValueID?]
  ) -> Bool {
    guard position == 1 else { return false }
    if operation is GeneralConvolution { return whole.factors(along: 0) != nil }
    if operation is GeneralConvolutionTranspose { return whole.factors(along: 1) != nil }
    let gemm = operation as? GeneralGemm
    guard operation is MatMul || gemm?.isLayer == true,
      let layer = LayerWeights(whole, hasOutputsFirst: gemm?.turnsRight ?? false),
      let x = inputs[0], grid(of: x) != nil, let shape = fact(x)?.shape, shape.rank >= 2, shape.elementCount > 0,
      shape[shape.rank - 1] == layer.depth,
      (QuantizationSite.smallestChannelCount...ByteGrid.largestProductCount).contains(layer.depth)
    else { return false }
    guard inputs.count > 2, let bias = inputs[2] else { return true }
    return fact(bias)?.value?.type == .float32 && fact(bias)?.shape?.dimensions == [layer.factors.count]
  }

  /// What a convolution with whole weights reads.
  ///
  /// - Parameters:
  ///   - name: of the file's constant.
  ///   - factors: of each output.
  mutating func inputs(
    _ x: ValueID, _ weight: Tensor, name: String?, factors: [Float], bias: ValueID?
  ) -> [ValueID] {
    let count = factors.count
    return [
      x, addConstant(weight, name: name),
      bias ?? addConstant(Tensor([Float](repeating: 0, count: count), shape: [count])),
      addConstant(Tensor(factors, shape: [count])),
    ]
  }

  /// A fully connected layer of rows on a grid: a convolution where they are few.
  mutating func layerOfBytes(
    _ x: KnownValue, _ weight: KnownValue, hasOutputsFirst: Bool, bias: KnownValue?
  ) throws(MTLError) -> [ValueID]? {
    guard let whole = wholeWeights[weight.id], let layer = LayerWeights(whole, hasOutputsFirst: hasOutputsFirst),
      let grid = grid(of: x.id), let shape = x.fact.shape
    else { return nil }
    let rows = shape.elementCount / layer.depth
    let isImages = rows <= Specializer.maximumImageCount
    let form: Shape = isImages ? [rows, layer.depth, 1, 1] : [rows, layer.depth]
    guard let matrix = try reshaped(x, to: form)?[0] else { return nil }
    let key = LayerWeights.Key(value: weight.id, hasOutputsFirst: hasOutputsFirst, isKernel: isImages)
    let constants = if let known = layerWeights[key] { known } else { try addConstants(of: layer, whole, key) }
    layerWeights[key] = constants
    let inputs = [try onGrid(matrix, grid), constants.numbers, bias?.id ?? constants.zeros, constants.factors]
    let product = try isImages ? add(Convolution(), inputs) : add(Gemm(), inputs)
    return try reshaped(known(product[0]), to: Shape(shape.dimensions.dropLast() + [layer.factors.count]))
  }

  private mutating func addConstants(
    of layer: LayerWeights, _ whole: WholeWeights, _ key: LayerWeights.Key
  ) throws(MTLError) -> LayerWeights.Constants {
    let outputs = layer.factors.count
    var numbers = key.hasOutputsFirst ? whole.numbers : try transposed(whole.numbers)
    if key.isKernel { numbers = try numbers.reshaped(to: [outputs, layer.depth, 1, 1]) }
    return LayerWeights.Constants(
      numbers: addConstant(numbers, name: key.hasOutputsFirst ? whole.name : nil),
      factors: addConstant(Tensor(layer.factors, shape: [outputs])),
      zeros: addConstant(Tensor([Float](repeating: 0, count: outputs), shape: [outputs])))
  }
}

extension ByteGrid {
  /// The grid of a scale and a zero point that hold for a whole tensor of bytes; nil for others. Signed bytes are unsigned
  /// ones with a zero point that is 128 larger.
  init?(_ scale: KnownValue?, _ zeroPoint: KnownValue?, type: DataType) {
    guard let scale = scale?.fact.value, scale.shape.elementCount == 1, scale.type == .float32,
      type == .uint8 || type == .int8
    else { return nil }
    var zero = 0
    if let zeroPoint {
      guard let value = zeroPoint.fact.value, value.shape.elementCount == 1, value.type == type else { return nil }
      zero = value.integers()[0]
    }
    guard let code = UInt8(exactly: type == .int8 ? zero + 128 : zero) else { return nil }
    self.init(scale: scale.numbers()[0], zeroPoint: code)
  }
}

extension QuantizeLinear {
  /// Stays as it is, but is looked through where it is undone.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let x = inputs.optional(0), x.fact.type == .float32 else { return nil }
    let type = inputs.optional(2)?.fact.type ?? outputType
    guard let grid = ByteGrid(inputs.optional(1), inputs.optional(2), type: type) else { return nil }
    return specializer.addBytes(of: x.id, grid, self, inputs.map { $0?.id }, Fact(type, x.fact.shape))
  }
}

extension Specializer {
  /// Adds the node that makes bytes, and remembers what they are of.
  fileprivate mutating func addBytes(
    of source: ValueID, _ grid: ByteGrid, _ operation: any Operator, _ inputs: [ValueID?], _ fact: Fact
  ) -> [ValueID] {
    let values = append(operation, inputs, [fact])
    bytes[values[0]] = (source, grid)
    return values
  }
}

extension DequantizeLinear {
  /// Bytes that were made of floats are those floats on a grid.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let x = inputs.optional(0), let made = specializer.bytes[x.id],
      ByteGrid(inputs.optional(1), inputs.optional(2), type: x.fact.type) == made.grid,
      isFloat32
    else { return nil }
    return [try specializer.onGrid(made.source, made.grid)]
  }

  /// What a constant of whole numbers is made of, where each place of the first axis, or of the second, has its own factor,
  /// or all have one, and zero stands for itself.
  ///
  /// - Parameter names: of constants.
  func wholeWeights(_ inputs: [KnownValue?], _ names: ValueMap<String>) -> WholeWeights? {
    guard let weight = inputs.optional(0), let numbers = weight.fact.value, numbers.type == .int8,
      numbers.shape.rank == 4 || numbers.shape.rank == 2, isFloat32,
      let scale = inputs.optional(1)?.fact.value, scale.type == .float32, scale.shape.rank <= 1
    else { return nil }
    if let zeroPoint = inputs.optional(2) {
      guard let zeros = zeroPoint.fact.value, zeros.shape.elementCount == scale.shape.elementCount, zeros.isZero
      else { return nil }
    }
    return WholeWeights(name: names[weight.id], numbers, scale.numbers(), axis: axis(of: numbers.shape))
  }
}
