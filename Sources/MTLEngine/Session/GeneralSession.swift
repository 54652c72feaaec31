import MTLGraph

/// Runs a network in its general form on tensors of any types: for each set of input types and shapes the network is
/// specialised once, and runs as a plan of kernels where all its values are float32 and their shapes are known. Otherwise
/// its nodes run one after the other (`Interpretation`).
///
/// Not for use by two threads at once.
@safe public final class GeneralSession {
  /// What a program was made for.
  private struct Key: Equatable {
    /// Form, type and shape of each input, and whether it is there.
    let inputs: [Look]
    let tasks: [Int]

    init(_ facts: [Fact], _ tasks: [Int]) {
      inputs = facts.map {
        Look(form: $0.form, type: $0.type, isThere: $0.presence == .certain, shape: $0.shape ?? [])
      }
      self.tasks = tasks
    }

    struct Look: Equatable {
      let form: ValueForm
      let type: DataType
      let isThere: Bool
      let shape: Shape

      func isImage(_ shape: Shape) -> Bool {
        self.shape == shape && type == .float32 && form == .tensor && isThere
      }
    }
  }

  private enum Program {
    case plan(Session)
    case interpretation(Interpretation)
  }

  public let network: Network
  private let pool: ThreadPool
  private let options: Session.Options
  /// Most recently used last.
  private var programs: [(key: Key, program: Program)] = []
  private var counts = Session.Statistics()
  /// What ran the last one's plan; nil where it had none.
  public private(set) var lastSession: Session?

  public init(_ network: Network, pool: ThreadPool, options: Session.Options = Session.Options()) {
    self.network = network
    self.pool = pool
    self.options = options
  }

  public var statistics: Session.Statistics {
    var all = counts
    for case (_, .plan(let session)) in programs { all.arenaBytes += session.statistics.arenaBytes }
    return all
  }

  /// Runs the network for these tasks; inputs in the order of the graph's.
  public func run(_ inputs: [GraphValue], tasks: [Int]) throws(MTLError) -> [GraphValue] {
    counts.runs += 1
    switch try program(for: inputs.map { Fact(of: $0) }, tasks) {
    case .plan(let session):
      lastSession = session
      let tensors = try inputs.map { input throws(MTLError) in try input.tensor("input") }
      return try session.outputs(for: tensors, tasks: tasks).map { .tensor($0) }
    case .interpretation(let interpretation):
      lastSession = nil
      return try interpretation.run(inputs)
    }
  }

  /// What runs the plan for one float32 input of this shape, made if it is not there; nil where the network runs node by
  /// node. Finding it again costs no allocation.
  public func planned(inputShape: Shape, tasks: [Int]) throws(MTLError) -> Session? {
    let known = programs.lastIndex { program in
      program.key.inputs.count == 1 && program.key.inputs[0].isImage(inputShape) && program.key.tasks == tasks
    }
    let program = if let known { use(known) } else { try program(for: [Fact(.float32, inputShape)], tasks) }
    switch program {
    case .plan(let session):
      counts.runs += 1
      lastSession = session
      return session
    case .interpretation: return nil
    }
  }

  /// Makes what runs inputs of these types and shapes now.
  public func reserve(_ inputs: [Fact], tasks: [Int]) throws(MTLError) {
    if case .plan(let session) = try program(for: inputs, tasks) {
      _ = try session.plan(inputShapes: inputs.compactMap(\.shape), tasks: tasks)
    }
  }

  /// What `inspect --plan` shows for inputs of these types and shapes.
  public func planDescription(
    _ inputs: [Fact], tasks: [Int]
  ) throws(MTLError) -> [PlanStep] {
    switch try program(for: inputs, tasks) {
    case .plan(let session): return try session.planDescription(inputShapes: inputs.compactMap(\.shape), tasks: tasks)
    case .interpretation(let interpretation): return interpretation.description
    }
  }

  private func program(for facts: [Fact], _ tasks: [Int]) throws(MTLError) -> Program {
    let key = Key(facts, tasks)
    if let index = programs.lastIndex(where: { $0.key == key }) { return use(index) }
    let program = try makeProgram(facts, tasks)
    counts.planBuilds += 1
    if programs.count >= max(options.planLimit, 1) { programs.removeFirst() }
    programs.append((key, program))
    return program
  }

  /// A program that is there, now the most recently used one.
  private func use(_ index: Int) -> Program {
    counts.planHits += 1
    if index != programs.count - 1 { programs.append(programs.remove(at: index)) }
    return programs[programs.count - 1].program
  }

  private func makeProgram(_ facts: [Fact], _ tasks: [Int]) throws(MTLError) -> Program {
    let (graph, isPlanned) = try network.specialization(for: facts, tasks: tasks)
    guard isPlanned else {
      return .interpretation(Interpretation(graph, tasks: tasks, instructionSet: options.instructionSet))
    }
    let special = Network(specialized: graph, tasks: tasks, taskCount: network.taskCount)
    return .plan(Session(special, pool: pool, options: options))
  }
}

extension Session {
  /// Runs the one plan of a specialised network.
  fileprivate func outputs(for inputs: [Tensor], tasks: [Int]) throws(MTLError) -> [Tensor] {
    let plan = try plan(inputShapes: inputs.map(\.shape), tasks: tasks)
    for (operand, tensor) in zip(plan.inputs, inputs) {
      unsafe InputDestination(operand, arena: plan.arena.base).copy(from: tensor)
    }
    execute(plan)
    let outputs = Outputs(plan)
    var results: [Tensor] = []
    for (position, shape) in outputs.layout.shapes.enumerated() {
      let bytes = try unsafe Bytes(byteCount: shape.elementCount * MemoryLayout<Float>.size) { memory in
        if let base = unsafe memory.assumingMemoryBound(to: Float.self).baseAddress {
          unsafe outputs.copy(position, to: base)
        }
      }
      results.append(try Tensor(shape: shape, type: .float32, bytes: bytes, of: "output"))
    }
    return results
  }
}
