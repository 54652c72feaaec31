/// Sums of products by an equation of letters (NumPy's `einsum`): the same letter is the same axis, and what the right side
/// leaves out is summed over. An ellipsis stands for axes that broadcast. Special form: `MatMul` of two inputs.
public struct Einsum: GeneralOperator, StandardOperator {
  public static let name = "Einsum"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let equation = try attributes.string("equation", default: "")
      guard !equation.isEmpty else { throw attributes.missing("equation") }
      return Einsum(equation)
    }
  ]
  private let equation: String

  init(_ equation: String) {
    self.equation = equation
  }

  /// The equation for inputs of some shapes: a number for each axis.
  fileprivate struct Plan {
    var terms: [[Int]]
    var output: [Int]
    /// By number.
    var sizes: [Int: Int] = [:]
    var summed: [Int] = []
  }

  /// Axes that an ellipsis stands for are numbered from here downwards, the last one first.
  private static let ellipsis = -1

  private func plan(_ shapes: [Shape]) throws(MTLError) -> Plan {
    func wrong(_ found: String) -> MTLError {
      MTLError(.badFormat, "equation '\(equation)'", expected: "one term for each input, with its axes", found: found)
    }
    let text = Array(equation.utf8).filter { $0 != UInt8(ascii: " ") }
    let arrow = text.firstIndex(of: UInt8(ascii: "-"))
    let left = arrow.map { text[..<$0] } ?? text[...]
    let right = arrow.map { text[min($0 + 2, text.count)...] }
    let terms = left.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard terms.count == shapes.count else { throw wrong("\(terms.count) terms for \(shapes.count) inputs") }
    var plan = Plan(terms: [], output: [])
    var widest = 0
    for (term, shape) in zip(terms, shapes) {
      let letters = term.filter { $0 != UInt8(ascii: ".") }.count
      let isOpen = term.count != letters
      guard isOpen ? letters <= shape.rank : letters == shape.rank else { throw wrong("\(shape)") }
      widest = isOpen ? max(widest, shape.rank - letters) : widest
      plan.terms.append(try axes(term, open: shape.rank - letters))
    }
    for (axes, shape) in zip(plan.terms, shapes) {
      for (axis, size) in zip(axes, shape.dimensions) {
        let known = plan.sizes[axis] ?? 1
        guard known == 1 || size == 1 || known == size, axis < 0 || plan.sizes[axis] == nil || known == size else {
          throw MTLError(.shapeMismatch, "inputs", expected: "\(known) along each '\(equation)' axis", found: "\(size)")
        }
        plan.sizes[axis] = plan.sizes[axis] == nil || known == 1 ? size : known
      }
    }
    if let right {
      plan.output = try axes(right, open: widest)
    } else {
      let all = plan.terms.flatMap { $0 }
      let once = Set(all.filter { letter in letter >= 0 && all.count { $0 == letter } == 1 }).sorted()
      plan.output = (0..<widest).map { Einsum.ellipsis - (widest - 1 - $0) } + once
    }
    guard plan.output.allSatisfy({ plan.sizes[$0] != nil }), Set(plan.output).count == plan.output.count else {
      throw wrong("an output axis that no input has")
    }
    plan.summed = plan.sizes.keys.filter { !plan.output.contains($0) }.sorted()
    return plan
  }

  private func axes(_ term: ArraySlice<UInt8>, open: Int) throws(MTLError) -> [Int] {
    var (axes, rest): ([Int], ArraySlice<UInt8>) = ([], term)
    var ellipses = 0
    while let letter = rest.popFirst() {
      guard letter == UInt8(ascii: ".") else {
        axes.append(Int(letter))
        continue
      }
      guard rest.prefix(2) == [letter, letter] else {
        throw MTLError(.badFormat, "equation '\(equation)'", expected: "three dots", found: "fewer")
      }
      rest = rest.dropFirst(2)
      ellipses += 1
      guard ellipses == 1 else {
        throw MTLError(.badFormat, "equation '\(equation)'", expected: "one ellipsis in a term", found: "\(ellipses)")
      }
      axes += (0..<open).map { Einsum.ellipsis - (open - 1 - $0) }
    }
    return axes
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring(inputs) { shapes throws(MTLError) in
      let plan = try plan(shapes)
      return [try Shape(checking: plan.output.map { plan.sizes[$0] ?? 1 }, of: "output")]
    }
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    guard let plan = try? plan(inputs) else { return 0 }
    return plan.summed.reduce(outputs[0].elementCount) { $0.saturatingProduct(plan.sizes[$1] ?? 1) }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let tensors = inputs.compactMap { $0 }
    guard let first = tensors.first else {
      throw MTLError(.badFormat, "inputs", expected: "at least one", found: "none")
    }
    let (plan, shape) = (try plan(tensors.map(\.shape)), try outputShape(inputs))
    let order = plan.output + plan.summed
    let sizes = order.map { plan.sizes[$0] ?? 1 }
    let places = zip(plan.terms, tensors).map { axes, tensor in
      let strides = tensor.shape.rowMajorStrides
      let own = order.map { axis in
        axes.indices.filter { axes[$0] == axis }.reduce(0) { $0 + (tensor.shape[$1] == 1 ? 0 : strides[$1]) }
      }
      return BroadcastPlaces(dimensions: sizes, strides: own)
    }
    let inner = plan.summed.reduce(1) { $0 * (plan.sizes[$1] ?? 1) }
    if first.type.isFloatingPoint {
      let values = tensors.map { $0.doubles() }
      let sums = sum(
        shape.elementCount, inner, places, values, zero: 0, one: 1, add: { $0 + $1 }, multiply: { $0 * $1 })
      return [Tensor(sums, as: first.type, shape: shape)]
    }
    let values = tensors.map { $0.integers() }
    let sums = sum(
      shape.elementCount, inner, places, values, zero: 0, one: 1, add: { $0 &+ $1 }, multiply: { $0 &* $1 })
    return [Tensor(sums, as: first.type, shape: shape)]
  }

  private func sum<Value>(
    _ count: Int, _ inner: Int, _ places: [BroadcastPlaces], _ values: [[Value]], zero: Value, one: Value,
    add: (Value, Value) -> Value, multiply: (Value, Value) -> Value
  ) -> [Value] {
    (0..<count).map { output in
      (0..<inner).reduce(zero) { total, k in
        let index = output * inner + k
        return add(total, zip(places, values).reduce(one) { multiply($0, $1.1[$1.0.offset(index)]) })
      }
    }
  }

  /// Two inputs are a matrix product, between transposes and reshapes.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let known = inputs.compactMap { $0 }
    guard known.count == 2, inputs.count == 2, known.allSatisfy({ $0.fact.type == .float32 }) else { return nil }
    let shapes = known.compactMap(\.fact.shape)
    guard shapes.count == 2, let product = try EinsumProduct(plan(shapes), shapes) else { return nil }
    var matrices: [ValueID] = []
    for side in 0..<2 {
      let turned = try specializer.transposed(known[side].id, product.orders[side])
      matrices.append(try specializer.reshaped(specializer.known(turned), to: product.matrices[side])?[0] ?? turned)
    }
    let made = try specializer.add(MatMul(), matrices)[0]
    let apart = try specializer.reshaped(specializer.known(made), to: product.parts)?[0] ?? made
    return [try specializer.transposed(apart, product.outputOrder)]
  }
}

extension Specializer {
  fileprivate mutating func transposed(_ value: ValueID, _ order: [Int]) throws(MTLError) -> ValueID {
    order == Array(order.indices) ? value : try add(Transpose(order), [value])[0]
  }
}

/// An equation of two terms as a product of matrices: axes of both terms and the output are a batch, those of the terms
/// alone are summed over.
private struct EinsumProduct {
  /// Of each term: the order of its axes, and its sizes as batch x rows x depth or batch x depth x columns.
  var orders: [[Int]] = []
  var matrices: [Shape] = []
  /// Sizes of all axes of the product, and their order in the output.
  let parts: Shape
  let outputOrder: [Int]

  /// nil where an axis repeats, broadcasts, or is summed over in one term only.
  init?(_ plan: Einsum.Plan, _ shapes: [Shape]) {
    let (left, right) = (plan.terms[0], plan.terms[1])
    let isPlain = zip(plan.terms, shapes).allSatisfy { axes, shape in
      Set(axes).count == axes.count && zip(axes, shape.dimensions).allSatisfy { plan.sizes[$0] == $1 }
    }
    guard isPlain, plan.summed.allSatisfy({ left.contains($0) && right.contains($0) }) else { return nil }
    let batch = plan.output.filter { left.contains($0) && right.contains($0) }
    let rows = plan.output.filter { !right.contains($0) }
    let columns = plan.output.filter { !left.contains($0) }
    func size(_ axes: [Int]) -> Int { axes.reduce(1) { $0 * (plan.sizes[$1] ?? 1) } }
    for (term, groups) in [(left, [batch, rows, plan.summed]), (right, [batch, plan.summed, columns])] {
      orders.append(groups.joined().compactMap { term.firstIndex(of: $0) })
      matrices.append(Shape(groups.map(size)))
    }
    let made = batch + rows + columns
    parts = Shape(made.map { plan.sizes[$0] ?? 1 })
    outputOrder = plan.output.compactMap { made.firstIndex(of: $0) }
  }
}
