import MTLGraph

/// A network lowered for one input shape, one set of tasks and one CPU, with its memory: the only thing that a run sees.
final class Plan: ParallelWork {
  struct Key: Hashable {
    /// By input: N x C x H x W of an image.
    let inputShapes: [Shape]
    let tasks: [Int]
  }

  /// One kernel call and the part of the network whose time it counts to.
  struct Entry {
    let step: any Step
    let nodeName: String
    let segment: Segment
    /// Where the time is added up: 0 the encoder and what several tasks share, 1 + i the head of task i; with the share
    /// of each, by work, in a step for several.
    let clocks: [(clock: Int, share: Double)]
    let multiplyAccumulates: Int
  }

  let key: Key
  let entries: [Entry]
  let inputs: [Operand]
  /// By position in `key.tasks`.
  let outputs: [Operand]
  let outputLayout: OutputLayout
  let arena: Arena
  /// Of each entry in the last run.
  private var nanoseconds: [UInt64]
  private var current: (any Step)?

  /// - Parameter emulatesBFloat16: see `Session.Options`.
  init(
    _ key: Key, network: Network, kernels: KernelSet, threadCount: Int, emulatesBFloat16: Bool
  ) throws(MTLError) {
    var graph = network.isSpecialized ? network.graph : network.graph.selecting(outputs: key.tasks)
    if !kernels.multipliesBFloat16, !emulatesBFloat16 { graph = graph.withoutBFloat16() }
    var planner = try Planner(
      network: network, graph: graph, shapes: try graph.shapes(for: key.inputShapes), kernels: kernels,
      threadCount: threadCount)
    let inputBuffers = try planner.lowerAll()
    var outputBuffers: [Buffer] = []
    for port in graph.outputs {
      guard let buffer = planner.anyBuffer(of: port.value) else {
        throw MTLError(.internalFault, port.name, "the task's output is made by no step")
      }
      planner.keepToEnd(buffer)
      outputBuffers.append(buffer)
    }
    let memory = MemoryPlan(planner.memoryRequests)
    let operands = planner.buffers.map { Operand($0, byteOffset: memory.offsets[$0.storage]) }
    self.key = key
    arena = try Arena(
      byteCount: memory.byteCount, of: "plan for \(key.inputShapes.map(\.description).joined(separator: ", "))")
    for (buffer, tensor) in planner.contents {
      unsafe Plan.write(tensor, to: operands[buffer.index], in: arena.base)
    }
    inputs = inputBuffers.map { operands[$0.index] }
    outputs = outputBuffers.map { operands[$0.index] }
    outputLayout = OutputLayout(
      batch: key.inputShapes.first?.dimensions.first ?? 1, tasks: key.tasks, shapes: outputBuffers.map { $0.shape })
    nanoseconds = [UInt64](repeating: 0, count: planner.drafts.count)
    entries = planner.drafts.map { draft in
      Entry(
        step: draft.make((draft.inputs + draft.outputs).map { operands[$0.index] }), nodeName: draft.nodeName,
        segment: draft.segment, clocks: Plan.clocks(draft.shares),
        multiplyAccumulates: draft.multiplyAccumulates)
    }
  }

  /// Puts a constant where the steps read it.
  @unsafe private static func write(_ tensor: Tensor, to operand: Operand, in arena: UnsafeMutableRawPointer) {
    unsafe tensor.bytes.withUnsafeBytes { values in
      guard let base = unsafe values.assumingMemoryBound(to: Float.self).baseAddress else { return }
      let source = Buffer(index: 0, storage: 0, shape: tensor.shape, layout: .planar)
      for image in 0..<(tensor.shape.rank == 4 ? tensor.shape[0] : 1) {
        unsafe convertLayout(
          from: base + image * source.imageStride, source, to: operand.pointer(in: arena, image: image),
          operand.buffer.layout)
      }
    }
  }

  private static func clocks(_ shares: [(segment: Segment, work: Int)]) -> [(clock: Int, share: Double)] {
    var work: [Int: Double] = [:]
    for share in shares {
      let clock = if case .head(let task) = share.segment { 1 + task } else { 0 }
      work[clock, default: 0] += Double(max(share.work, 1))
    }
    let total = work.values.reduce(0, +)
    return work.sorted { $0.key < $1.key }.map { ($0.key, $0.value / total) }
  }

  /// Runs every step, adding the nanoseconds of each part of the network to `clocks`.
  func run(on pool: ThreadPool?, threadLimit: Int, clocks: UnsafeMutableBufferPointer<UInt64>) {
    var before = monotonicNanoseconds()
    for (index, entry) in entries.enumerated() {
      if let pool, entry.step.itemCount > 1 {
        current = entry.step
        pool.run(self, count: entry.step.itemCount, limit: threadLimit)
      } else {
        for item in 0..<entry.step.itemCount { unsafe entry.step.run(item: item, arena: arena.base) }
      }
      let now = monotonicNanoseconds()
      for (clock, share) in entry.clocks { unsafe clocks[clock] += UInt64(Double(now - before) * share) }
      nanoseconds[index] = now - before
      before = now
    }
    current = nil
  }

  /// The steps and their times in the last run.
  var description: [PlanStep] {
    zip(entries, nanoseconds).map { entry, nanoseconds in
      PlanStep(
        node: entry.nodeName, segment: entry.segment, kernel: entry.step.kernelName, numbers: entry.step.numbers,
        multiplyAccumulates: entry.multiplyAccumulates, nanoseconds: nanoseconds)
    }
  }

  func run(item: Int) {
    if let current { unsafe current.run(item: item, arena: arena.base) }
  }
}
