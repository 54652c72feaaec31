import MTLEngine
import MTLGraph
import MTLTasks

// Models in general form: any number of inputs, of any types and shapes.

extension InferenceSession {
  /// Whether the model takes any number of inputs of any types.
  public var isGeneral: Bool { general != nil }

  /// Runs dense tensors, one for each input of the model in its order.
  public func run(tensors: [Tensor], tasks: [Int]? = nil) throws(MTLError) -> InferenceResult {
    try run(values: tensors.map { .tensor($0) }, tasks: tasks)
  }

  /// Runs tensors, sequences of them or what is missing, one for each input of the model in its order.
  public func run(values: [GraphValue], tasks: [Int]? = nil) throws(MTLError) -> InferenceResult {
    guard general != nil else {
      guard values.count == 1 else {
        throw MTLError(.invalidArgument, "count", expected: "1 input", found: "\(values.count)")
      }
      return try run(tensor: try values[0].tensor(model.input.name), tasks: tasks)
    }
    return try exclusively { () throws(MTLError) in try runGeneral(values, tasks) }
  }

  func runGeneral(_ values: [GraphValue], _ wanted: [Int]?) throws(MTLError) -> InferenceResult {
    guard let general else { throw MTLError(.internalFault, "session", "has no general form") }
    let tasks = if let wanted { try InferenceSession.checked(wanted, model) } else { self.tasks }
    try check(values)
    let start = monotonicNanoseconds()
    let outputs = try general.run(values, tasks: tasks)
    totalNanoseconds = monotonicNanoseconds() - start
    let result = results.take() ?? InferenceResult(model: model, pool: results)
    try result.take(outputs, tasks: tasks)
    return result
  }

  /// Whether the model's one input is of float32 and has four dimensions, as images do: its runs need no tensor.
  var takesOneImage: Bool {
    model.inputs.count == 1 && model.inputs[0].type == .float32 && model.inputs[0].form == .tensor
      && !model.inputs[0].isOptional && model.inputs[0].dimensions.count == 4
  }

  /// Whether float32 values of these sizes go the way of images.
  public func takesImage(_ batch: Int, _ channels: Int, _ height: Int, _ width: Int) -> Bool {
    let sides = 1...Window.maximumSide
    return takesOneImage && (1...InferenceSession.maximumBatch).contains(batch) && sides.contains(channels)
      && sides.contains(height) && sides.contains(width)
  }

  /// A dense copy of a strided image; every element must be readable.
  @unsafe static func tensor(
    _ base: UnsafeRawPointer, _ shape: Shape, _ strides: ImageDimensions
  ) throws(MTLError) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(shape.elementCount)
    for image in 0..<shape[0] {
      for channel in 0..<shape[1] {
        for row in 0..<shape[2] {
          let line = unsafe base + image * strides.0 + channel * strides.1 + row * strides.2
          for column in 0..<shape[3] { unsafe values.append((line + column * strides.3).loadUnaligned(as: Float.self)) }
        }
      }
    }
    return Tensor(values, shape: shape)
  }

  func check(generalImage shape: Shape) throws(MTLError) {
    let input = model.inputs[0]
    for axis in 0..<4 where input.dimensions[axis] != nil && input.dimensions[axis] != shape[axis] {
      let expected = input.dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
      throw MTLError(.shapeMismatch, input.name, expected: expected, found: "\(shape)")
    }
    for axis in 0..<4 {
      guard let symbol = axis < input.symbols.count ? input.symbols[axis] : nil,
        let first = input.symbols.firstIndex(of: symbol),
        shape[first] != shape[axis]
      else { continue }
      throw MTLError(
        .shapeMismatch, input.name, expected: "size '\(symbol)' to be \(shape[first]), as in '\(input.name)'",
        found: "\(shape[axis])")
    }
  }

  private func check(_ values: [GraphValue]) throws(MTLError) {
    guard values.count == model.inputs.count else {
      throw MTLError(
        .invalidArgument, "inputs",
        expected: "\(model.inputs.count): \(model.inputs.map(\.name).joined(separator: ", "))",
        found: "\(values.count)")
    }
    var sizesOfSymbols: [String: (size: Int, input: String)] = [:]
    for (input, value) in zip(model.inputs, values) {
      guard let tensor = try InferenceSession.checkedTensor(value, input) else { continue }
      guard tensor.type == input.type else {
        throw MTLError(.dataTypeMismatch, input.name, expected: "\(input.type)", found: "\(tensor.type)")
      }
      let sizes = tensor.shape.dimensions
      guard !model.hasRank(input) || sizes.count == input.dimensions.count,
        zip(sizes, input.dimensions).allSatisfy({ $1 == nil || $0 == $1 })
      else {
        let expected = input.dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
        throw MTLError(.shapeMismatch, input.name, expected: expected, found: "\(tensor.shape)")
      }
      for case (let symbol?, let size) in zip(input.symbols, sizes) {
        let first = sizesOfSymbols[symbol] ?? (size, input.name)
        sizesOfSymbols[symbol] = first
        guard first.size == size else {
          throw MTLError(
            .shapeMismatch, input.name, expected: "size '\(symbol)' to be \(first.size), as in '\(first.input)'",
            found: "\(size)")
        }
      }
    }
  }

  /// The tensor whose type and shape an input declares; nil for a sequence, whose tensors may have any shapes, and for
  /// what is missing.
  private static func checkedTensor(_ value: GraphValue, _ input: ModelInput) throws(MTLError) -> Tensor? {
    switch (value, input.form) {
    case (.tensor(let tensor), .tensor): return tensor
    case (.sequence(let sequence), .sequence):
      guard sequence.type == input.type else {
        throw MTLError(
          .dataTypeMismatch, input.name, expected: "a sequence of \(input.type)", found: "one of \(sequence.type)")
      }
      return nil
    case (.nothing, _) where input.isOptional: return nil
    default:
      throw MTLError(.dataTypeMismatch, input.name, expected: "a \(input.form.rawValue)", found: value.described)
    }
  }

  /// What a picture becomes before it is run: N x C x H x W floats of one image. Of a page, a crop: the one of a number,
  /// which may be any.
  public func preparedInput(of picture: PixelView, crop: Int = 0) throws(MTLError) -> Tensor {
    try exclusively { () throws(MTLError) in
      guard let pages = model.input.pages else { return try pictures(1) { _ in picture }[0] }
      let size = (width: model.input.width, height: model.input.height)
      let regions = try PageCrops(picture, textHeight: nil, pages, input: size).regions
      guard !regions.isEmpty else { throw MTLError(.internalFault, "page", "has no crop") }
      return try pictures(1) { _ in picture.cropped(to: regions[crop % regions.count]) }[0]
    }
  }

  /// Pictures as the one image input.
  func pictures(
    _ count: Int, _ image: (Int) throws(MTLError) -> PixelView
  ) throws(MTLError) -> [Tensor] {
    let input = model.input
    let isImage =
      model.inputs.count == 1 && model.inputs[0].type == .float32 && model.inputs[0].dimensions.count == 4
      && (model.inputs[0].dimensions[1] ?? input.color.channelCount) == input.color.channelCount
    guard isImage else { throw MTLError(.unsupported, input.name, "the network does not take pictures") }
    let pixels = input.width * input.height * input.color.channelCount
    var values: [Float] = []
    for index in 0..<count {
      let view = try image(index)
      let buffer = try HeapBuffer<Float>(count: pixels, of: input.name)
      try unsafe preparer.prepare(
        view, width: input.width, height: input.height, into: buffer.base, on: preparationThreads)
      unsafe values += UnsafeBufferPointer(start: buffer.base, count: pixels)
    }
    let interleaved = Tensor(values, shape: [count, input.height, input.width, input.color.channelCount])
    return try Transpose([0, 3, 1, 2]).evaluate([interleaved])
  }

  /// The inputs at default sizes; sides of 0 are the model's own.
  func generalFacts(height: Int, width: Int) -> [Fact] {
    model.inputs.map { input in
      guard input.form == .tensor else { return Fact(input.form, of: input.type) }
      var sizes = input.dimensions.map { $0 ?? 1 }
      if sizes.count == 4 {
        sizes[2] = height != 0 ? height : input.dimensions[2] ?? model.input.height
        sizes[3] = width != 0 ? width : input.dimensions[3] ?? model.input.width
      }
      return Fact(input.type, Shape(sizes))
    }
  }
}

extension Model {
  /// Whether an input's rank is declared: a rank of 0 may be an undeclared one.
  func hasRank(_ input: ModelInput) -> Bool { !input.dimensions.isEmpty }
}
