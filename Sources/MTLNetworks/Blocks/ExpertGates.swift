import MTLGraph

extension NetworkBuilder {
  /// A gate's weight for each expert, N x experts: softmax of a linear layer (`key.0`) on the flattened features.
  mutating func gate(_ features: ValueID, _ key: String, experts: Int) throws(MTLError) -> ValueID {
    try add(Softmax(axis: 1), [linear(flatten(features), "\(key).0", features: experts, bias: true)])
  }

  /// DSelect-k's weight for each expert, N x experts (Hazimeh et al. 2021): each selector names an expert by bits that
  /// smooth steps make of logits, and a softmax weighs the selectors.
  ///
  /// - Parameter codes: the bits of each expert, most significant first.
  mutating func selection(
    _ row: ValueID, bits key: String, weights weightKey: String, codes: [[Bool]]
  ) throws(MTLError) -> ValueID {
    let (experts, bits) = (codes.count, codes.first?.count ?? 0)
    let logits = try linear(row, key, bias: true)
    let selectors = channels(of: logits) / max(bits, 1)
    let steps = try smoothStep(logits)
    var likely: ValueID?
    for bit in 0..<bits {
      let factor = try bitFactors(steps, codes.map { $0[bit] }, selectors: selectors, place: (bit, bits))
      likely = try likely.map { value throws(MTLError) in try product(value, factor) } ?? factor
    }
    guard let likely else { throw MTLError(.shapeMismatch, key, expected: "at least two experts", found: "\(experts)") }
    let weights = try add(Softmax(axis: 1), [linear(row, weightKey, features: selectors, bias: true)])
    // Selector s of expert e is column s * experts + e: weights are spread to those columns, then columns added up.
    let spread = try multiply(weights, by: selectors * experts) { column, selector in
      column / experts == selector ? 1 : 0
    }
    return try multiply(product(spread, likely), by: experts) { expert, column in column % experts == expert ? 1 : 0 }
  }

  /// 0 below -1/2, 1 above 1/2, and 3 u^2 - 2 u^3 with u = x + 1/2 between them.
  private mutating func smoothStep(_ input: ValueID) throws(MTLError) -> ValueID {
    let half = constant([0.5], [1, 1])
    let low = try activate(sum(input, half), .relu)
    let high = try activate(add(Sub(), [input, half]), .relu)
    let position = try add(Sub(), [low, high])
    let double = try product(position, constant([2], [1, 1]))
    let rest = try add(Sub(), [constant([3], [1, 1]), double])
    return try product(product(position, position), rest)
  }

  /// For each selector and expert the likelihood of one bit: the step where the code has a one, else what it lacks to 1.
  private mutating func bitFactors(
    _ steps: ValueID, _ code: [Bool], selectors: Int, place: (bit: Int, bits: Int)
  ) throws(MTLError) -> ValueID {
    let experts = code.count
    let offsets = (0..<selectors * experts).map { code[$0 % experts] ? Float(0) : 1 }
    return try multiply(steps, by: selectors * experts, adding: offsets) { column, step in
      guard step == column / experts * place.bits + place.bit else { return 0 }
      return code[column % experts] ? 1 : -1
    }
  }

  /// A row times a fixed matrix, given as weight(output, input).
  private mutating func multiply(
    _ row: ValueID, by outputs: Int, adding bias: [Float]? = nil, _ weight: (_ output: Int, _ input: Int) -> Float
  ) throws(MTLError) -> ValueID {
    let inputs = channels(of: row)
    let values = (0..<outputs).flatMap { output in (0..<inputs).map { weight(output, $0) } }
    let offsets = bias.map { [constant($0, [outputs])] } ?? []
    return try add(Gemm(), [row, constant(values, [outputs, inputs])] + offsets)
  }
}
