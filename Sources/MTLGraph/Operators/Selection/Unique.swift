/// The different elements, or slices along an axis, with where each is first, which of them each one is, and how often.
public struct Unique: GeneralOperator, StandardOperator {
  public static let name = "Unique"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Unique(
        axis: try attributes.integer("axis"), isSorted: try attributes.flag("sorted", default: true),
        outputCount: min(max(attributes.outputCount, 1), 4))
    }
  ]
  private let axis: Int?
  /// Ascending, and not in the order of the first of each.
  private let isSorted: Bool
  public let outputCount: Int

  init(axis: Int?, isSorted: Bool, outputCount: Int) {
    (self.axis, self.isSorted, self.outputCount) = (axis, isSorted, outputCount)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let axis, let shape = input.shape { _ = try shape.axis(axis) }
    return Array([Fact(input.type, nil), Fact(.int64, nil), Fact(.int64, nil), Fact(.int64, nil)].prefix(outputCount))
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let flat = axis == nil ? try input.reshaped(to: [input.shape.elementCount]) : input
    let axis = try flat.shape.axis(axis ?? 0)
    let others = flat.shape.dimensions.indices.filter { $0 != axis }
    let slices = flat.shape.groups(joining: others)
    let order =
      flat.type.isFloatingPoint
      ? ranked(slices, flat.doubles()) : ranked(slices, flat.integers())
    // Slices that are equal have the same rank.
    var (firsts, counts): ([Int: Int], [Int: Int]) = ([:], [:])
    for (place, rank) in order.enumerated() {
      firsts[rank] = firsts[rank] ?? place
      counts[rank, default: 0] += 1
    }
    let ranks = isSorted ? firsts.keys.sorted() : firsts.keys.sorted { (firsts[$0] ?? 0) < (firsts[$1] ?? 0) }
    var position: [Int: Int] = [:]
    for (index, rank) in ranks.enumerated() { position[rank] = index }
    let places = ranks.map { firsts[$0] ?? 0 }
    func list(_ values: [Int]) -> Tensor { Tensor(values, as: .int64, shape: [values.count]) }
    let results = [
      try Gather(axis: axis).compute([flat, list(places)])[0], list(places), list(order.map { position[$0] ?? 0 }),
      list(ranks.map { counts[$0] ?? 0 }),
    ]
    return Array(results.prefix(outputCount))
  }

  /// For each slice how many different smaller ones there are.
  private func ranked<Value: Comparable>(_ slices: [[Int]], _ values: [Value]) -> [Int] {
    func isBefore(_ a: [Int], _ b: [Int]) -> Bool { a.lexicographicallyPrecedes(b) { values[$0] < values[$1] } }
    let sorted = slices.indices.sorted { isBefore(slices[$0], slices[$1]) }
    var ranks = [Int](repeating: 0, count: slices.count)
    var rank = 0
    for (index, slice) in sorted.enumerated() {
      if index > 0, isBefore(slices[sorted[index - 1]], slices[slice]) { rank += 1 }
      ranks[slice] = rank
    }
    return ranks
  }
}
