import MTLGraph

/// In which order a graph's nodes are lowered, and which of them become one step.
///
/// Multitask networks do the same thing several times over: every head convolves the same features, every task masks the
/// same stage, one trunk stands beside another. Convolutions of one geometry that do not wait for each other are lowered
/// together: siblings on one input, several inputs under one set of weights, or both different side by side.
struct Schedule {
  /// Nodes to lower together, first to last. All but convolutions are alone.
  let groups: [[Int]]
  /// By convolution: what its epilogue does as well.
  let epilogues: [Int: Epilogue]

  /// Bytes that the outputs of convolutions side by side may take together; siblings have no limit. What runs side by side
  /// is alive at the same time.
  private static let sideBySideByteLimit = 64 << 20

  init(
    _ graph: Graph, _ shapes: ValueMap<Shape>, _ segments: ValueMap<Segment>, _ layouts: ValueMap<Layout>,
    constant: (ValueID) -> Tensor?
  ) {
    let isConstant = { constant($0) != nil }
    epilogues = Epilogue.all(
      in: graph, shapes, segments, isConstant: isConstant,
      numbers: { NarrowLayouts.numbersMultiplied(by: $0, layouts, shapes, constant) },
      written: { NarrowLayouts.written(by: $0, layouts) })
    let units = Units(graph, epilogues, isConstant: isConstant)
    let sets = Schedule.grouped(graph, units, epilogues, shapes)
    groups = units.ordered(sets)
  }

  /// What convolutions of one group have in common.
  private struct Geometry: Hashable {
    let level: Int
    let window: Window
    let groups: Int
    let input: Shape
    let epilogue: Epilogue.Kind
  }

  private struct Sibling: Hashable {
    let geometry: Geometry
    let input: ValueID
  }

  private struct SideBySide: Hashable {
    let geometry: Geometry
    let weights: [Shape]
  }

  /// The nodes of each group, in the order of the graph.
  private static func grouped(
    _ graph: Graph, _ units: Units, _ epilogues: [Int: Epilogue], _ shapes: ValueMap<Shape>
  ) -> [[Int]] {
    var siblings: [Sibling: [Int]] = [:]
    var alone: [[Int]] = []
    for unit in units.all {
      guard let epilogue = epilogues[unit], let convolution = graph.nodes[unit].operation as? Convolution else {
        alone.append([unit])
        continue
      }
      let inputs = graph.nodes[unit].inputs
      let geometry = Geometry(
        level: units.levels[unit] ?? 0, window: convolution.window(weight: shapes[inputs[1]] ?? []),
        groups: convolution.groups, input: shapes[inputs[0]] ?? [], epilogue: epilogue.kind)
      siblings[Sibling(geometry: geometry, input: inputs[0]), default: []].append(unit)
    }
    var beside: [SideBySide: [[Int]]] = [:]
    for (sibling, members) in siblings.sorted(by: { $0.value[0] < $1.value[0] }) {
      let weights = members.map { shapes[graph.nodes[$0].inputs[1]] ?? [] }
      beside[SideBySide(geometry: sibling.geometry, weights: weights), default: []].append(members)
    }
    for (key, sets) in beside {
      let pixels = shapes[graph.nodes[sets[0][0]].outputs[0]]?.dimensions.dropFirst(2).reduce(1, *) ?? 1
      let channels = key.weights.reduce(0) { $0 + $1[0] }
      let bytes = 4.saturatingProduct(pixels).saturatingProduct(channels).saturatingProduct(key.geometry.input[0])
      let width = max(1, sideBySideByteLimit / max(bytes, 1))
      for start in stride(from: 0, to: sets.count, by: width) {
        alone.append(sets[start..<min(start + width, sets.count)].flatMap { $0 })
      }
    }
    return alone
  }
}

/// The nodes that make steps, each with what it waits for.
private struct Units {
  /// In the order of the graph; nodes that an epilogue does are not among them.
  let all: [Int]
  /// Longest way from the input, by unit.
  private(set) var levels: [Int: Int] = [:]
  private var sources: [Int: Set<Int>] = [:]

  init(_ graph: Graph, _ epilogues: [Int: Epilogue], isConstant: (ValueID) -> Bool) {
    var owner: [Int: Int] = [:]
    for (unit, epilogue) in epilogues {
      for node in epilogue.absorbed { owner[node] = unit }
    }
    let producers = graph.producers()
    all = graph.nodes.indices.filter { owner[$0] == nil }
    for unit in all {
      var values = graph.nodes[unit].dataInputs
      if let operand = epilogues[unit]?.operand { values.append(operand) }
      let nodes = values.filter { !isConstant($0) }.compactMap { producers[$0] }
      sources[unit] = Set(nodes.map { owner[$0] ?? $0 })
    }
    let sets = all.map { [$0] }
    for unit in ordered(sets).flatMap({ $0 }) {
      levels[unit] = (sources[unit] ?? []).reduce(0) { max($0, (levels[$1] ?? 0) + 1) }
    }
  }

  /// The sets in an order in which each comes after all that it waits for, and otherwise in the order of the graph.
  func ordered(_ sets: [[Int]]) -> [[Int]] {
    let sets = sets.sorted { $0[0] < $1[0] }
    var home: [Int: Int] = [:]
    for (index, set) in sets.enumerated() {
      for unit in set { home[unit] = index }
    }
    var waiting = [Set<Int>](repeating: [], count: sets.count)
    var readers = [[Int]](repeating: [], count: sets.count)
    for (index, set) in sets.enumerated() {
      for unit in set { waiting[index].formUnion((sources[unit] ?? []).compactMap { home[$0] }) }
      for source in waiting[index] { readers[source].append(index) }
    }
    var ready = Set(sets.indices.filter { waiting[$0].isEmpty })
    var result: [[Int]] = []
    while let next = ready.min() {
      ready.remove(next)
      result.append(sets[next])
      for reader in readers[next] {
        waiting[reader].remove(next)
        if waiting[reader].isEmpty { ready.insert(reader) }
      }
    }
    return result
  }
}
