import MTLGraph

/// Runs one network: keeps plans and their memory for the input shapes and task sets in use.
///
/// Not for use by two threads at once; callers that cannot promise that guard it with a flag.
@safe public final class Session {
  public struct Options: Sendable {
    /// Most threads of a run; 0 means the pool's width.
    public var threadLimit = 0
    /// Plans kept; the one not used for the longest time goes first.
    public var planLimit = 8
    /// Best instruction set to use.
    public var instructionSet = InstructionSet.available
    /// Whether what a network rounds to bfloat16 is rounded although the processor has no instructions for it: slower than
    /// floats, but what other processors compute.
    public var emulatesBFloat16 = false
    public init() {}
  }

  public struct Statistics: Sendable {
    public var runs: UInt64 = 0
    public var planBuilds: UInt64 = 0
    public var planHits: UInt64 = 0
    /// Of all plans together.
    public var arenaBytes = 0
    public init() {}
  }

  public let network: Network
  public let pool: ThreadPool
  /// Threads that runs use at most.
  public let threadCount: Int
  public let kernels: KernelSet
  public private(set) var statistics = Statistics()
  private let planLimit: Int
  private let emulatesBFloat16: Bool
  /// Most recently used last.
  private var plans: [Plan] = []
  private let clocks: UnsafeMutableBufferPointer<UInt64>

  public init(_ network: Network, pool: ThreadPool, options: Options = Options()) {
    self.network = network
    self.pool = pool
    threadCount = options.threadLimit == 0 ? pool.width : min(options.threadLimit, pool.width)
    kernels = KernelSet.trusted(options.instructionSet)
    planLimit = max(1, options.planLimit)
    emulatesBFloat16 = options.emulatesBFloat16
    unsafe clocks = .allocate(capacity: network.taskCount + 1)
    unsafe clocks.initialize(repeating: 0)
  }

  deinit { unsafe clocks.deallocate() }

  /// Nanoseconds of the last run in what all its tasks share.
  public var encoderNanoseconds: UInt64 { unsafe clocks[0] }

  /// Nanoseconds of the last run in the head of a task; 0 if it did not run.
  public func headNanoseconds(task: Int) -> UInt64 { unsafe clocks[1 + task] }

  /// The plan for an input shape (N x C x H x W) and a set of task indices, made if it is not there.
  func plan(inputShape: Shape, tasks: [Int]) throws(MTLError) -> Plan {
    if let index = plans.lastIndex(where: {
      $0.key.inputShapes.count == 1 && $0.key.inputShapes[0] == inputShape && $0.key.tasks == tasks
    }) {
      statistics.planHits += 1
      if index != plans.count - 1 { plans.append(plans.remove(at: index)) }
      return plans[plans.count - 1]
    }
    return try build([inputShape], tasks)
  }

  /// The same for any number of inputs.
  func plan(inputShapes: [Shape], tasks: [Int]) throws(MTLError) -> Plan {
    if let plan = plans.last(where: { $0.key.inputShapes == inputShapes && $0.key.tasks == tasks }) {
      statistics.planHits += 1
      return plan
    }
    return try build(inputShapes, tasks)
  }

  private func build(_ inputShapes: [Shape], _ tasks: [Int]) throws(MTLError) -> Plan {
    let plan = try Plan(
      Plan.Key(inputShapes: inputShapes, tasks: tasks), network: network, kernels: kernels, threadCount: threadCount,
      emulatesBFloat16: emulatesBFloat16)
    statistics.planBuilds += 1
    if plans.count >= planLimit { plans.removeFirst() }
    plans.append(plan)
    statistics.arenaBytes = plans.reduce(0) { $0 + $1.arena.byteCount }
    return plan
  }

  /// Makes the plan and its memory now.
  public func reserve(inputShape: Shape, tasks: [Int]) throws(MTLError) {
    _ = try plan(inputShape: inputShape, tasks: tasks)
  }

  /// Runs the network once. `fill` writes the input where the plan wants it; `collect` takes the outputs before the
  /// next run overwrites them.
  public func run(
    inputShape: Shape, tasks: [Int], fill: (InputDestination) throws(MTLError) -> Void,
    collect: (Outputs) throws(MTLError) -> Void
  ) throws(MTLError) {
    let plan = try plan(inputShape: inputShape, tasks: tasks)
    try unsafe fill(InputDestination(plan.inputs[0], arena: plan.arena.base))
    execute(plan)
    try collect(Outputs(plan))
  }

  /// Runs the steps of a plan whose inputs are written.
  func execute(_ plan: Plan) {
    unsafe clocks.update(repeating: 0)
    let hasPool = threadCount > 1 && pool.take()
    unsafe plan.run(on: hasPool ? pool : nil, threadLimit: threadCount, clocks: clocks)
    if hasPool { pool.giveBack() }
    statistics.runs += 1
  }

  /// Runs pieces of work of the caller's on the session's threads; on the calling one alone if another run has them.
  public func share(_ work: any ParallelWork, count: Int) {
    guard threadCount > 1, count > 1, pool.take() else {
      for item in 0..<count { work.run(item: item) }
      return
    }
    pool.run(work, count: count, limit: threadCount)
    pool.giveBack()
  }

  /// What `inspect --plan` and `bench --layers` show.
  public func planDescription(
    inputShape: Shape, tasks: [Int]
  ) throws(MTLError) -> [PlanStep] {
    try planDescription(inputShapes: [inputShape], tasks: tasks)
  }

  func planDescription(
    inputShapes: [Shape], tasks: [Int]
  ) throws(MTLError) -> [PlanStep] {
    try plan(inputShapes: inputShapes, tasks: tasks).description
  }

  /// Multiply-accumulates of such numbers in a second that the session's threads reach at this moment.
  public func measuredPeak(of numbers: NumberFormat = .floats) -> Double {
    let hasPool = threadCount > 1 && pool.take()
    defer { if hasPool { pool.giveBack() } }
    return PeakRate.measure(kernels, numbers, on: hasPool ? pool : nil, threadCount: threadCount)
  }
}
