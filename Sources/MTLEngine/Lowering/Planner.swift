import MTLGraph

/// The state while a graph is lowered to steps: which value lies in which buffer, and how long each buffer lives.
struct Planner {
  let network: Network
  let graph: Graph
  let kernels: KernelSet
  /// Threads that will run the plan; steps are split with regard to it.
  let threadCount: Int
  let shapes: [ValueID: Shape]
  private let useCounts: [ValueID: Int]
  private let consumers: [ValueID: Int]
  /// Nodes that an earlier node's step does as well.
  private var fused: Set<Int> = []

  private(set) var buffers: [Buffer] = []
  private var lifetimes: [ClosedRange<Int>] = []
  private(set) var drafts: [Draft] = []
  private var homes: [ValueID: [Layout: Buffer]] = [:]
  private var segment = Segment.encoder
  /// Bytes of the first `checkedBufferCount` buffers.
  private var bufferByteCount = 0
  private var checkedBufferCount = 0

  private static let maximumByteCount = 1 << 56

  /// A step before its memory is known.
  struct Draft {
    let nodeName: String
    let segment: Segment
    let inputs: [Buffer]
    let outputs: [Buffer]
    /// Makes the step from its operands, inputs first.
    let make: ([Operand]) -> any Step
  }

  init(
    network: Network, graph: Graph, inputShape: Shape, kernels: KernelSet, threadCount: Int
  ) throws(MTLError) {
    self.network = network
    self.graph = graph
    self.kernels = kernels
    self.threadCount = threadCount
    shapes = try graph.shapes(for: [inputShape])
    useCounts = graph.useCounts()
    var consumers: [ValueID: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for value in node.inputs { consumers[value] = index }
    }
    self.consumers = consumers
  }

  /// Lowers every node; returns the buffer of the input.
  mutating func lowerAll() throws(MTLError) -> Buffer {
    let input = graph.inputs[0].value
    let shape = shape(of: input)
    let layout = shape.rank == 4 ? Layout.blocked(lane: min(max(shape[1], 1), Layout.lane)) : .planar
    let inputBuffer = makeBuffer(for: input, layout)
    for (index, node) in graph.nodes.enumerated() where !fused.contains(index) {
      segment = network.segments[node.outputs[0]] ?? .encoder
      // Kernels read their first operand from the arena; the reference evaluation takes a constant, too.
      let isConstant = node.inputs.first.map { constant($0) != nil } ?? true
      let candidates = isConstant ? [ReferenceLowering.self] : lowerings
      for lowering in candidates where try lowering.lower(node, in: &self) { break }
      try checkMemory(of: node)
    }
    return inputBuffer
  }

  /// All buffers side by side are what sums of sizes are bounded by, wherever the memory plan places them.
  private mutating func checkMemory(of node: Node) throws(MTLError) {
    while checkedBufferCount < buffers.count {
      let elementCount = buffers[checkedBufferCount].elementCount
      bufferByteCount = bufferByteCount.saturatingSum(elementCount.saturatingProduct(MemoryLayout<Float>.size))
      checkedBufferCount += 1
    }
    guard bufferByteCount <= Planner.maximumByteCount else {
      throw MTLError(.limit, node.name, "the plan up to here has buffers of more than 2^56 bytes")
    }
  }

  func shape(of value: ValueID) -> Shape { shapes[value] ?? [] }

  func constant(_ value: ValueID) -> Tensor? { graph.constants[value] }

  /// A new buffer for a value that the step to come writes.
  mutating func makeBuffer(for value: ValueID, _ layout: Layout) -> Buffer {
    let buffer = Buffer(index: buffers.count, shape: shape(of: value), layout: layout)
    buffers.append(buffer)
    lifetimes.append(drafts.count...drafts.count)
    homes[value, default: [:]][layout] = buffer
    return buffer
  }

  /// Memory that only the step to come uses.
  mutating func makeScratch(elementCount: Int) -> Buffer {
    let buffer = Buffer(index: buffers.count, shape: [elementCount], layout: .planar)
    buffers.append(buffer)
    lifetimes.append(drafts.count...drafts.count)
    return buffer
  }

  /// The value in this layout; a step that converts it is added where needed.
  mutating func buffer(of value: ValueID, as layout: Layout) throws(MTLError) -> Buffer {
    if let home = homes[value]?[layout] { return home }
    guard let source = homes[value]?.values.min(by: { $0.index < $1.index }) else {
      throw MTLError(.internalFault, "value \(value.index)", "is used before it is made")
    }
    let target = makeBuffer(for: value, layout)
    add(nodeName: "layout", inputs: [source], outputs: [target]) { operands in
      LayoutStep(from: operands[0], to: operands[1])
    }
    return target
  }

  /// Any layout in which the value already lies.
  func anyBuffer(of value: ValueID) -> Buffer? { homes[value]?.values.min { $0.index < $1.index } }

  mutating func add(
    nodeName: String, inputs: [Buffer], outputs: [Buffer], make: @escaping ([Operand]) -> any Step
  ) {
    for buffer in inputs + outputs {
      lifetimes[buffer.index] = lifetimes[buffer.index].lowerBound...drafts.count
    }
    drafts.append(Draft(nodeName: nodeName, segment: segment, inputs: inputs, outputs: outputs, make: make))
  }

  /// Keeps a buffer's memory until the plan's end.
  mutating func keepToEnd(_ buffer: Buffer) {
    lifetimes[buffer.index] = lifetimes[buffer.index].lowerBound...drafts.count
  }

  var memoryRequests: [MemoryPlan.Request] {
    zip(buffers, lifetimes).map { buffer, lifetime in
      MemoryPlan.Request(byteCount: buffer.elementCount * MemoryLayout<Float>.size, lifetime: lifetime)
    }
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
