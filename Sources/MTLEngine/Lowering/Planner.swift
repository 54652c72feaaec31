import CMTLKernels
import MTLGraph

/// The state while a graph is lowered to steps: which value lies in which buffer, and how long each storage lives.
struct Planner {
  let network: Network
  let graph: Graph
  let kernels: KernelSet
  /// Threads that will run the plan; steps are split with regard to it.
  let threadCount: Int
  let shapes: ValueMap<Shape>
  let schedule: Schedule
  /// Where the parts of concatenations are written.
  let placements: ValueMap<Placement>
  private let narrowConcatenations: Set<ValueID>
  /// How the values lie that are kept in bytes or bfloat16.
  let narrowLayouts: ValueMap<Layout>
  /// Whether the graph unpools to where maxima were found: rounding then may pick another place.
  let comparesValues: Bool
  private let constants: ValueMap<Tensor>
  private let useCounts: ValueMap<Int>
  private let consumers: ValueMap<Int>
  /// Nodes that an earlier node's step does as well.
  private var fused: Set<Int> = []

  private(set) var buffers: [Buffer] = []
  private(set) var drafts: [Draft] = []
  /// Constants that steps read from the arena, to be written there once.
  private(set) var contents: [(buffer: Buffer, tensor: Tensor)] = []
  private var storages: [Storage] = []
  private var homes: ValueMap<[Layout: Buffer]> = [:]
  private var segment = Segment.encoder
  var pickedPixels: [PickedPixels: Buffer] = [:]
  /// Values that are no buffers of their own, because the matrix product that reads them can do without.
  var turnedSides: ValueMap<MatrixProductLowering.Side> = [:]
  /// Bytes of the first `checkedStorageCount` storages.
  private var storageByteCount = 0
  private var checkedStorageCount = 0

  private static let maximumByteCount = 1 << 56

  private struct Storage {
    let elementCount: Int
    /// First and last step that touches it.
    var lifetime: ClosedRange<Int>
    /// Whether it holds something from before the first step.
    var isConstant = false
  }

  /// A step before its memory is known.
  struct Draft {
    let nodeName: String
    let segment: Segment
    let inputs: [Buffer]
    let outputs: [Buffer]
    /// The parts of the network that the step works for, with the work for each.
    let shares: [(segment: Segment, work: Int)]
    /// As the definition of the nodes counts them. Where a node takes several steps, one has all of them: the first, unless
    /// another was added with them.
    var multiplyAccumulates: Int
    /// Makes the step from its operands, inputs first.
    let make: ([Operand]) -> any Step
  }

  init(
    network: Network, graph: Graph, shapes: ValueMap<Shape>, kernels: KernelSet, threadCount: Int
  ) throws(MTLError) {
    self.network = network
    self.graph = graph
    self.kernels = kernels
    self.threadCount = threadCount
    let constants = try Planner.foldedConstants(graph, shapes, kernels)
    self.shapes = shapes
    self.constants = constants
    let narrowLayouts = NarrowLayouts.all(in: graph, shapes) { constants[$0] }
    self.narrowLayouts = narrowLayouts
    schedule = Schedule(graph, shapes, network.segments, narrowLayouts) { constants[$0] }
    comparesValues = graph.nodes.contains { $0.operation is MaxPoolWithIndices }
    placements = Placement.all(in: graph, shapes) { constants[$0] != nil }
    narrowConcatenations = Set(placements.values.filter(\.areBlocks).map(\.whole))
    useCounts = graph.useCounts()
    var consumers: ValueMap<Int> = [:]
    for (index, node) in graph.nodes.enumerated() {
      for value in node.dataInputs { consumers[value] = index }
    }
    self.consumers = consumers
  }

  /// The graph's constants, and what follows from them and from shapes alone.
  private static func foldedConstants(
    _ graph: Graph, _ shapes: ValueMap<Shape>, _ kernels: KernelSet
  ) throws(MTLError) -> ValueMap<Tensor> {
    var constants = graph.constants
    for node in graph.nodes where node.dataInputs.allSatisfy({ constants[$0] != nil }) {
      let arguments = node.inputs.map { constants[$0] ?? Tensor(ofShapeOnly: shapes[$0] ?? []) }
      for (value, tensor) in zip(node.outputs, try node.folded(arguments, kernels)) { constants[value] = tensor }
    }
    return constants
  }

  /// What steps are called that only bring a value into another layout.
  private static let layoutName = "layout"

  func multiplyAccumulates(_ node: Node) -> Int {
    node.operation.multiplyAccumulates(
      inputs: node.inputs.map { shapes[$0] ?? [] }, outputs: node.outputs.map { shapes[$0] ?? [] })
  }

  /// Lowers every node; returns the buffers of the inputs.
  mutating func lowerAll() throws(MTLError) -> [Buffer] {
    var inputBuffers: [Buffer] = []
    for port in graph.inputs {
      let shape = self.shape(of: port.value)
      let layout = shape.rank == 4 ? Layout.blocked(lane: min(max(shape[1], 1), Layout.lane)) : .planar
      inputBuffers.append(makeBuffer(for: port.value, layout))
    }
    // All inputs are written before the first step.
    for buffer in inputBuffers { storages[buffer.storage].lifetime = 0...drafts.count }
    for group in schedule.groups {
      let members = group.filter { !fused.contains($0) && constants[graph.nodes[$0].outputs[0]] == nil }
      guard let first = members.first else { continue }
      segment = commonSegment(members)
      if schedule.epilogues[first] != nil {
        try ConvolutionLowering.lower(members, in: &self)
      } else {
        let start = drafts.count
        try lower(graph.nodes[first])
        // Behind steps that bring its inputs into another layout.
        if drafts[start...].allSatisfy({ $0.multiplyAccumulates == 0 }),
          let own = drafts[start...].firstIndex(where: { $0.nodeName != Planner.layoutName })
        {
          drafts[own].multiplyAccumulates = multiplyAccumulates(graph.nodes[first])
        }
      }
      try checkMemory(of: graph.nodes[first])
    }
    for port in graph.outputs where anyBuffer(of: port.value) == nil {
      _ = try buffer(of: port.value, as: self.shape(of: port.value).rank == 4 ? .blocked : .planar)
    }
    return inputBuffers
  }

  private mutating func lower(_ node: Node) throws(MTLError) {
    for lowering in lowerings where try lowering.lower(node, in: &self) { return }
  }

  /// The part of the network that a node belongs to, with regard to all tasks.
  func segment(of node: Int) -> Segment { network.segments[graph.nodes[node].outputs[0]] ?? .encoder }

  /// What needs any of these nodes.
  private func commonSegment(_ nodes: [Int]) -> Segment {
    let segments = nodes.map(segment(of:))
    guard let first = segments.first, segments.contains(where: { $0 != first }) else {
      return segments.first ?? .encoder
    }
    var tasks: Set<Int> = []
    for segment in segments {
      switch segment {
      case .encoder: return .encoder
      case .shared(let some): tasks.formUnion(some)
      case .head(let task): tasks.insert(task)
      }
    }
    return .shared(tasks.sorted())
  }

  /// All storages side by side are what sums of sizes are bounded by, wherever the memory plan places them.
  private mutating func checkMemory(of node: Node) throws(MTLError) {
    while checkedStorageCount < storages.count {
      let elementCount = storages[checkedStorageCount].elementCount
      storageByteCount = storageByteCount.saturatingSum(elementCount.saturatingProduct(MemoryLayout<Float>.size))
      checkedStorageCount += 1
    }
    guard storageByteCount <= Planner.maximumByteCount else {
      throw MTLError(.limit, node.name, "the plan up to here has buffers of more than 2^56 bytes")
    }
  }

  func shape(of value: ValueID) -> Shape { shapes[value] ?? [] }

  func constant(_ value: ValueID) -> Tensor? { constants[value] }
}

// MARK: - Buffers

extension Planner {
  /// A new buffer for a value that the step to come writes: a part of a concatenation where one wants it.
  mutating func makeBuffer(for value: ValueID, _ layout: Layout) -> Buffer {
    let shape = self.shape(of: value)
    let buffer: Buffer
    if let placement = placements[value], layout == concatenationLayout(placement.whole), placement.fits(layout) {
      let whole = homes[placement.whole]?[layout] ?? makeBuffer(for: placement.whole, layout)
      buffer = Buffer(
        index: buffers.count, shape: shape, layout: layout, partOf: whole,
        elementOffset: placement.elementOffset(in: whole), imageStride: whole.imageStride)
    } else {
      buffer = Buffer(index: buffers.count, storage: storages.count, shape: shape, layout: layout)
      storages.append(Storage(elementCount: buffer.elementCount, lifetime: drafts.count...drafts.count))
    }
    buffers.append(buffer)
    homes[value, default: [:]][layout] = buffer
    return buffer
  }

  /// Lets a value lie where another one's bytes already are.
  mutating func makeView(
    of value: ValueID, _ layout: Layout, partOf whole: Buffer, elementOffset: Int = 0, imageStride: Int
  ) {
    let view = Buffer(
      index: buffers.count, shape: shape(of: value), layout: layout, partOf: whole, elementOffset: elementOffset,
      imageStride: imageStride)
    buffers.append(view)
    homes[value, default: [:]][layout] = view
  }

  /// The value in blocks, if it already lies so.
  func existingBuffer(of value: ValueID, _ layout: Layout = .blocked) -> Buffer? { homes[value]?[layout] }

  /// The grid of a value that is kept in bytes; nil for others.
  func grid(of value: ValueID) -> ByteGrid? { narrowLayouts[value]?.grid }

  /// A value as narrow as it is kept.
  mutating func narrow(_ value: ValueID) throws(MTLError) -> Buffer {
    try buffer(of: value, as: narrowLayouts[value] ?? .blocked)
  }

  /// How a concatenation whose parts are written in place lies: narrow where all of them begin with a block of 16 channels.
  func concatenationLayout(_ whole: ValueID) -> Layout {
    guard let layout = narrowLayouts[whole], narrowConcatenations.contains(whole) else { return .blocked }
    return layout
  }

  /// A part of a buffer that is no value of its own.
  mutating func makePart(of whole: Buffer, shape: Shape, elementOffset: Int) -> Buffer {
    let part = Buffer(
      index: buffers.count, shape: shape, layout: whole.layout, partOf: whole, elementOffset: elementOffset,
      imageStride: whole.imageStride)
    buffers.append(part)
    return part
  }

  /// A buffer that is no graph's value, which the step to come writes.
  mutating func makeTemporary(_ shape: Shape, _ layout: Layout) -> Buffer {
    let buffer = Buffer(index: buffers.count, storage: storages.count, shape: shape, layout: layout)
    storages.append(Storage(elementCount: buffer.elementCount, lifetime: drafts.count...drafts.count))
    buffers.append(buffer)
    return buffer
  }

  /// Memory that only the step to come uses.
  mutating func makeScratch(elementCount: Int) -> Buffer { makeTemporary([elementCount], .planar) }

  /// The value in this layout; a step that converts it is added where needed, and a constant is put into the arena.
  mutating func buffer(of value: ValueID, as layout: Layout) throws(MTLError) -> Buffer {
    if let home = homes[value]?[layout] { return home }
    if let tensor = constants[value], !layout.isNarrow {
      let target = makeBuffer(for: value, layout)
      storages[target.storage].isConstant = true
      contents.append((target, tensor))
      return target
    }
    if constants[value] != nil { _ = try buffer(of: value, as: .blocked) }
    guard let first = homes[value]?.values.min(by: { $0.index < $1.index }) else {
      throw MTLError(.internalFault, "value \(value.index)", "is used before it is made")
    }
    var source = anyBuffer(of: value) ?? first
    guard source.layout.lane != Int(MTLK_PIXEL_LANE) || !source.layout.isNarrow else {
      throw MTLError(
        .internalFault, "value \(value.index)", "lies as a picture's pixels in bytes, and is asked for as floats")
    }
    // Narrow numbers are made of blocks, and become blocks.
    let isNarrow = layout.isNarrow || source.layout.isNarrow
    if isNarrow, layout != .blocked, source.layout != .blocked { source = try buffer(of: value, as: .blocked) }
    let target = makeBuffer(for: value, layout)
    LayoutStep.add(nodeName: Planner.layoutName, from: source, to: target, in: &self)
    return target
  }

  /// Any layout in which the value already lies as floats.
  func anyBuffer(of value: ValueID) -> Buffer? {
    homes[value]?.values.filter { !$0.layout.isNarrow }.min { $0.index < $1.index }
  }

  /// - Parameter shares: the parts of the network that the step works for, where it is more than one.
  mutating func add(
    nodeName: String, inputs: [Buffer], outputs: [Buffer], shares: [(segment: Segment, work: Int)] = [],
    multiplyAccumulates: Int = 0, make: @escaping ([Operand]) -> any Step
  ) {
    for buffer in inputs + outputs { keepAlive(buffer) }
    drafts.append(
      Draft(
        nodeName: nodeName, segment: segment, inputs: inputs, outputs: outputs,
        shares: shares.isEmpty ? [(segment, 1)] : shares, multiplyAccumulates: multiplyAccumulates, make: make))
  }

  /// Keeps a buffer's memory until the plan's end.
  mutating func keepToEnd(_ buffer: Buffer) { keepAlive(buffer) }

  private mutating func keepAlive(_ buffer: Buffer) {
    let lifetime = storages[buffer.storage].lifetime
    storages[buffer.storage].lifetime = lifetime.lowerBound...drafts.count
  }

  /// By storage.
  var memoryRequests: [MemoryPlan.Request] {
    storages.map { storage in
      MemoryPlan.Request(
        byteCount: storage.elementCount * MemoryLayout<Float>.size,
        lifetime: storage.isConstant ? 0...drafts.count : storage.lifetime)
    }
  }

  /// If a value's way leads through a cheap activation, or none, to a grid of bytes alone, takes those nodes in: the
  /// activation, and the value to write instead.
  mutating func fuseToBytes(after node: Node) -> (activation: Activation, layout: Layout, result: ValueID)? {
    var activation = Activation.none
    var taken: [Int] = []
    var value = node.outputs[0]
    while useCounts[value] == 1, let reader = consumers[value] {
      taken.append(reader)
      value = graph.nodes[reader].outputs[0]
      if let layout = NarrowLayouts.written(by: graph.nodes[reader], narrowLayouts), layout.numbers == .bytes {
        fused.formUnion(taken)
        return (activation, layout, value)
      }
      guard activation == .none, let next = Activation(graph.nodes[reader].operation), next.isCheap else { return nil }
      activation = next
    }
    return nil
  }

  /// Whether nobody asks for a value but who runs the network, at most behind steps that take any layout.
  func leavesNetwork(_ value: ValueID) -> Bool {
    var value = value
    while useCounts[value] == 1 {
      guard let reader = consumers[value] else { return true }
      let node = graph.nodes[reader]
      guard node.inputs.count == 1, narrowLayouts[node.outputs[0]] == nil,
        node.operation is FakeQuantize || Activation(node.operation) != nil
      else { return false }
      value = node.outputs[0]
    }
    return false
  }

  /// The only node that reads a value, which does not leave the network.
  func onlyReader(of value: ValueID) -> Node? {
    guard useCounts[value] == 1, let reader = consumers[value] else { return nil }
    return graph.nodes[reader]
  }

  /// If a value's only reader rounds it to bfloat16, takes that node in: the value to write instead.
  mutating func fuseRounding(after node: Node) -> ValueID? {
    let output = node.outputs[0]
    guard useCounts[output] == 1, let reader = consumers[output],
      NarrowLayouts.written(by: graph.nodes[reader], narrowLayouts) == .halves
    else { return nil }
    fused.insert(reader)
    return graph.nodes[reader].outputs[0]
  }

  /// If the node's only reader is an activation that `accepts` it, takes that node in: the value to write instead.
  mutating func fuseActivation(after node: Node, where accepts: (Activation) -> Bool) -> (Activation, ValueID) {
    let output = node.outputs[0]
    guard useCounts[output] == 1, let reader = consumers[output],
      let activation = Activation(graph.nodes[reader].operation), accepts(activation)
    else { return (.none, output) }
    fused.insert(reader)
    return (activation, graph.nodes[reader].outputs[0])
  }
}
