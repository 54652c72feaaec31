/// Weights in whole numbers from -127 to 127, each row, the weights of one output, with a step of its own.
public struct QuantizedWeights: Sendable {
  /// int8, in the shape of the weights.
  public let tensor: Tensor
  /// Of each row.
  public let scales: [Float]
  private let rows: WeightRows

  /// Floats that are such numbers times such a step already give the same numbers and steps.
  ///
  /// - Parameter rows: of the first axis if nil.
  public init(
    _ weights: Tensor, _ rows: WeightRows? = nil, of subject: @autoclosure () -> String
  ) throws(MTLError) {
    let values = try weights.floats(of: subject())
    let rows = rows ?? WeightRows(firstAxisOf: weights.shape)
    var largest = [Float](repeating: 0, count: rows.outputCount)
    rows.forEachRun { output, places in
      largest[output] = values[places].reduce(largest[output]) { $1.magnitude > $0 || $1.isNaN ? $1.magnitude : $0 }
    }
    guard largest.allSatisfy(\.isFinite) else {
      throw MTLError(.unsupported, subject(), "has weights that are no finite numbers")
    }
    let scales = largest.map(QuantizedWeights.scale)
    var codes = [Int8](repeating: 0, count: values.count)
    rows.forEachRun { output, places in
      let scale = scales[output]
      for place in places {
        codes[place] = Int8(max(-127, min((values[place] / scale).rounded(.toNearestOrEven), 127)))
      }
    }
    tensor = Tensor(elements: codes, .int8, weights.shape)
    (self.scales, self.rows) = (scales, rows)
  }

  /// What the numbers stand for.
  public var floats: Tensor {
    var values = tensor.numbers()
    rows.forEachRun { output, places in
      for place in places { values[place] *= scales[output] }
    }
    return Tensor(values, shape: tensor.shape)
  }

  /// A step of which 127 are the largest number of a row. The way there and back makes it one that is found again.
  private static func scale(_ largest: Float) -> Float {
    let scale = largest / 127 * 127 / 127
    return scale.isNormal ? scale : 1
  }
}

extension Graph {
  /// The graph with what constants of whole numbers are worth: convolutions take it beside these weights, and all else
  /// gets floats.
  ///
  /// - Parameter steps: of such constants, for each place of the first axis.
  package func scalingWeights(by steps: ValueMap<Tensor>) throws(MTLError) -> Graph {
    guard !steps.isEmpty else { return self }
    var graph = self
    var (scales, floats, zeros) = ([ValueID: ValueID](), [ValueID: ValueID](), [Int: ValueID]())
    func memo<Key: Hashable>(
      _ known: inout [Key: ValueID], _ key: Key, _ make: () throws(MTLError) -> Tensor
    ) throws(MTLError) -> ValueID {
      if let value = known[key] { return value }
      let value = graph.addConstant(try make())
      known[key] = value
      return value
    }
    var scaled: [Node] = []
    for var node in nodes {
      for (position, value) in node.inputs.enumerated() {
        guard let step = steps[value], let numbers = constants[value] else { continue }
        if node.operation is Convolution, position == 1, node.inputs.count <= 3 {
          let channels = step.shape.elementCount
          if node.inputs.count == 2 {
            node.inputs.append(
              try memo(&zeros, channels) { Tensor([Float](repeating: 0, count: channels), shape: [channels]) })
          }
          node.inputs.append(try memo(&scales, value) { step })
        } else {
          node.inputs[position] = try memo(&floats, value) { () throws(MTLError) in try numbers.scaledRows(by: step) }
        }
      }
      scaled.append(node)
    }
    graph.replaceNodes(scaled, outputs: outputs)
    return graph
  }

  /// Constants that are weights of convolutions, and that nothing else reads.
  package func valuesOnlyReadAsWeights() -> Set<ValueID> {
    var (weights, others) = (Set<ValueID>(), Set(outputs.map(\.value)))
    for node in nodes {
      let isConvolution = node.operation is Convolution || node.operation is GeneralConvolution
      for (position, value) in node.inputs.enumerated() where constants[value] != nil {
        if isConvolution, position == 1 { weights.insert(value) } else { others.insert(value) }
      }
    }
    return weights.subtracting(others)
  }

  /// Weights that the graph has as whole numbers, or reads as bfloat16, and in no other way as well.
  package var narrowWeightNames: NarrowWeightNames {
    let rounded = valuesReadAsBFloat16()
    var (names, others) = (NarrowWeightNames(), Set<String>())
    for (value, name) in constantNames {
      if constants[value]?.type == .int8 {
        names.whole.insert(name)
      } else if rounded.contains(value) {
        names.bfloat16.insert(name)
      } else {
        others.insert(name)
      }
    }
    let both = names.whole.intersection(names.bfloat16)
    names.whole.subtract(others.union(both))
    names.bfloat16.subtract(others.union(both))
    return names
  }

  /// Names of whole weights that convolutions of bytes read, where these fill the blocks of kernels well enough.
  package var weightsInBlocks: Set<String> {
    let bytes = valuesRounded { $0 is FakeQuantize }
    let weights = nodes.compactMap { node -> ValueID? in
      guard (node.operation as? Convolution)?.groups == 1, node.inputs.count == 4, bytes.contains(node.inputs[0]),
        let weight = constants[node.inputs[1]], weight.type == .int8,
        ByteBlocks.suit(weight.shape)
      else { return nil }
      return node.inputs[1]
    }
    return Set(weights.compactMap { constantNames[$0] })
  }

  /// Weights that convolutions of bfloat16 alone read.
  package func valuesReadAsBFloat16() -> Set<ValueID> {
    let rounded = valuesRounded { $0 is RoundToBFloat16 }
    var (weights, others) = (Set<ValueID>(), Set<ValueID>())
    for node in nodes {
      let isProduct = (node.operation as? Convolution)?.groups == 1 && rounded.contains(node.inputs[0])
      for (position, value) in node.inputs.enumerated() where constants[value] != nil {
        if isProduct, position == 1 { weights.insert(value) } else { others.insert(value) }
      }
    }
    return weights.subtracting(others)
  }

  /// Values that such operators round, and what only picks or joins their numbers.
  private func valuesRounded(by isRounding: (any Operator) -> Bool) -> Set<ValueID> {
    var rounded: Set<ValueID> = []
    for node in nodes {
      let isKept =
        switch node.operation {
        case is MaxPool: rounded.contains(node.inputs[0])
        case is Concat: node.inputs.allSatisfy(rounded.contains)
        default: isRounding(node.operation)
        }
      if isKept { rounded.insert(node.outputs[0]) }
    }
    return rounded
  }
}

/// Names of weights of which a quantized graph needs nothing but whole numbers, or bfloat16.
public struct NarrowWeightNames: Sendable {
  public var whole: Set<String> = []
  public var bfloat16: Set<String> = []

  public init() {}

  /// Those of these names.
  package func intersection(_ names: some Sequence<String>) -> NarrowWeightNames {
    var result = self
    result.whole.formIntersection(names)
    result.bfloat16.formIntersection(names)
    return result
  }
}
