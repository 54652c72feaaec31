import MTLEngine
import MTLGraph
import MTLNetworks
import MTLTasks
import Synchronization

/// Runs a model: one encoder pass, then the heads of the chosen tasks. One call at a time; a second one gets `.busy`.
public final class InferenceSession: @unchecked Sendable {
  public struct Options: Sendable {
    /// Most threads of a run; 0 means the runtime's.
    public var threads = 0
    /// Plans kept, one for each input shape and set of tasks.
    public var planLimit = 8
    /// Best instruction set to use.
    public var instructionSet = InstructionSet.available
    /// Indices of the tasks to run; nil means all.
    public var tasks: [Int]?
    public init() {}
  }

  /// Times are of the last run, in nanoseconds.
  public struct Statistics: Sendable {
    public var engine = Session.Statistics()
    public var threads = 0
    public var packedWeightBytes = 0
    public var prepareNanoseconds: UInt64 = 0
    public var encoderNanoseconds: UInt64 = 0
    public var headsNanoseconds: UInt64 = 0
    public var totalNanoseconds: UInt64 = 0
  }

  public let model: Model
  /// Tasks of a run that does not name its own.
  public let tasks: [Int]
  public let instructionSet: InstructionSet
  private let session: Session
  /// Runs the model where it is in general form.
  let general: GeneralSession?
  let preparer: ImagePreparer
  let preparationThreads: SessionThreads
  let results = ResultPool()
  private let isBusy = AtomicFlag()
  private var prepareNanoseconds: UInt64 = 0
  var totalNanoseconds: UInt64 = 0
  /// Shapes run lately, kept because a new one costs an allocation.
  private var shapes = RecentList<Shape>()

  public static let maximumBatch = 1 << 16

  public init(_ model: Model, runtime: Runtime = .shared, options: Options = Options()) throws(MTLError) {
    self.model = model
    tasks = try InferenceSession.checked(options.tasks ?? Array(model.tasks.indices), model)
    var engineOptions = Session.Options()
    engineOptions.threadLimit = options.threads
    engineOptions.planLimit = options.planLimit
    engineOptions.instructionSet = options.instructionSet
    session = Session(model.network, pool: runtime.pool, options: engineOptions)
    general = model.network.isGeneral ? GeneralSession(model.network, pool: runtime.pool, options: engineOptions) : nil
    instructionSet = session.kernels.instructionSet
    preparer = ImagePreparer(model.input, instructionSet: instructionSet.rawValue)
    preparationThreads = SessionThreads(session)
  }

  deinit { results.close() }

  /// Builds the plan and its memory now. Sides of 0 mean the model's default size.
  public func reserve(batch: Int, height: Int = 0, width: Int = 0) throws(MTLError) {
    try exclusively { () throws(MTLError) in
      let shape = try Shape(
        checking: [
          batch, model.input.color.channelCount, height == 0 ? model.input.height : height,
          width == 0 ? model.input.width : width,
        ], of: "input")
      try check(batch: batch)
      if let general {
        let isImage = takesOneImage
        let facts = isImage ? [Fact(.float32, shape)] : generalFacts(height: height, width: width)
        if isImage { try check(generalImage: shape) }
        return try general.reserve(facts, tasks: tasks)
      }
      try withSizeHint(shape) { () throws(MTLError) in try session.reserve(inputShape: shape, tasks: tasks) }
    }
  }

  /// Runs `count` pictures; `image` hands out the view of each, which must stay valid during the call.
  public func run(
    count: Int, tasks: [Int]? = nil, image: (Int) throws(MTLError) -> PixelView
  ) throws(MTLError) -> InferenceResult {
    try exclusively { () throws(MTLError) in
      try check(batch: count)
      let input = model.input
      let shape = self.shape(count, input.color.channelCount, input.height, input.width)
      guard let session = try session(for: shape, tasks) else {
        return try runGeneral(try pictures(count, image).map { .tensor($0) }, tasks)
      }
      return try run(session, shape, tasks) { destination throws(MTLError) in
        for index in 0..<count {
          let view = try image(index)
          guard let target = unsafe destination.interleavedImage(index) else {
            throw MTLError(.unsupported, input.name, "the network does not take pictures")
          }
          try unsafe preparer.prepare(
            view, width: input.width, height: input.height, into: target, on: preparationThreads)
        }
      }
    }
  }

  /// Runs a float32 array of N x C x H x W that is already normalised. `strides` in bytes, not negative; every element
  /// must lie within `byteCount` bytes of `base`.
  @unsafe public func run(
    tensor base: UnsafeRawPointer, byteCount: Int, shape dimensions: ImageDimensions, strides: ImageDimensions,
    tasks: [Int]? = nil
  ) throws(MTLError) -> InferenceResult {
    try exclusively { () throws(MTLError) in
      try checkTensor(dimensions, strides, byteCount)
      let shape = shape(dimensions.0, dimensions.1, dimensions.2, dimensions.3)
      guard let session = try session(for: shape, tasks) else {
        return try unsafe runGeneral([.tensor(InferenceSession.tensor(base, shape, strides))], tasks)
      }
      return try run(session, shape, tasks) { destination throws(MTLError) in
        unsafe destination.copy(from: base, strides: strides)
      }
    }
  }

  /// Batch, channels, rows, columns: a tuple, because an array would cost an allocation in every run.
  public typealias ImageDimensions = (Int, Int, Int, Int)

  /// Runs a dense float32 tensor.
  public func run(tensor: Tensor, tasks: [Int]? = nil) throws(MTLError) -> InferenceResult {
    let sizes = tensor.shape.dimensions
    if general != nil,
      tensor.type != .float32 || sizes.count != 4 || !takesImage(sizes[0], sizes[1], sizes[2], sizes[3])
    {
      return try run(tensors: [tensor], tasks: tasks)
    }
    guard tensor.type == .float32 else {
      throw MTLError(.dataTypeMismatch, model.input.name, expected: "float32", found: "\(tensor.type)")
    }
    let shape = tensor.shape
    guard shape.rank == 4 else {
      throw MTLError(
        .shapeMismatch, model.input.name, expected: "N x \(model.input.color.channelCount) x H x W", found: "\(shape)")
    }
    let strides = shape.rowMajorStrides.map { $0 * 4 }
    return try unsafe tensor.bytes.withUnsafeBytes { memory throws(MTLError) in
      guard let base = memory.baseAddress else { throw MTLError(.invalidArgument, model.input.name, "is empty") }
      return try unsafe run(
        tensor: base, byteCount: memory.count, shape: (shape[0], shape[1], shape[2], shape[3]),
        strides: (strides[0], strides[1], strides[2], strides[3]), tasks: tasks)
    }
  }

  /// Multiply-accumulates of such numbers in a second that the session's threads reach at this moment, to compare steps
  /// with.
  public func measuredPeak(of numbers: NumberFormat = .floats) throws(MTLError) -> Double {
    try exclusively { () throws(MTLError) in session.measuredPeak(of: numbers) }
  }

  /// The steps of the plan for one picture, with the times of the last run. Sides of 0 mean the model's default size.
  public func planDescription(
    height: Int = 0, width: Int = 0
  ) throws(MTLError) -> [PlanStep] {
    try exclusively { () throws(MTLError) in
      if let general { return try general.planDescription(generalFacts(height: height, width: width), tasks: tasks) }
      let own = model.input.shape(batch: 1)
      let shape = Shape([1, own[1], height == 0 ? own[2] : height, width == 0 ? own[3] : width])
      return try session.planDescription(inputShape: shape, tasks: tasks)
    }
  }

  public func statistics() throws(MTLError) -> Statistics {
    try exclusively { () throws(MTLError) in
      var statistics = Statistics()
      statistics.engine = general?.statistics ?? session.statistics
      statistics.threads = session.threadCount
      statistics.packedWeightBytes = model.network.packedWeightByteCount
      statistics.prepareNanoseconds = prepareNanoseconds
      statistics.encoderNanoseconds = lastSession?.encoderNanoseconds ?? 0
      statistics.headsNanoseconds = model.tasks.indices.reduce(0) {
        $0 + (lastSession?.headNanoseconds(task: $1) ?? 0)
      }
      statistics.totalNanoseconds = totalNanoseconds
      return statistics
    }
  }

  /// Nanoseconds of a task's head in the last run; 0 if it did not run.
  public func headNanoseconds(task: Int) throws(MTLError) -> UInt64 {
    try exclusively { () throws(MTLError) in
      _ = try InferenceSession.checked([task], model)
      return lastSession?.headNanoseconds(task: task) ?? 0
    }
  }

  // MARK: - Within a call

  func exclusively<Answer>(_ body: () throws(MTLError) -> Answer) throws(MTLError) -> Answer {
    guard isBusy.take() else {
      throw MTLError(.busy, "session", "is in use by another thread; give each thread a session of its own")
    }
    defer { isBusy.clear() }
    return try body()
  }

  /// What ran last by a plan; nil where the network ran node by node.
  private var lastSession: Session? { general == nil ? session : general?.lastSession }

  /// What runs an image of this shape by a plan; nil where a network in general form has none for it.
  private func session(for shape: Shape, _ wanted: [Int]?) throws(MTLError) -> Session? {
    guard let general else { return session }
    guard takesOneImage else { return nil }
    try check(generalImage: shape)
    if let wanted { _ = try InferenceSession.checked(wanted, model) }
    return try general.planned(inputShape: shape, tasks: wanted ?? tasks)
  }

  private func run(
    _ session: Session, _ shape: Shape, _ wanted: [Int]?, fill: (InputDestination) throws(MTLError) -> Void
  ) throws(MTLError) -> InferenceResult {
    let tasks = if let wanted { try InferenceSession.checked(wanted, model) } else { self.tasks }
    let start = monotonicNanoseconds()
    let result = results.take() ?? InferenceResult(model: model, pool: results)
    do {
      try withSizeHint(shape) { () throws(MTLError) in
        try session.run(
          inputShape: shape, tasks: tasks,
          fill: { destination throws(MTLError) in
            let before = monotonicNanoseconds()
            try fill(destination)
            prepareNanoseconds = monotonicNanoseconds() - before
          },
          collect: { outputs throws(MTLError) in
            try result.prepare(outputs.layout)
            for position in tasks.indices {
              guard let target = unsafe result.destination(position) else { continue }
              unsafe outputs.copy(position, to: target)
            }
          })
      }
    } catch {
      result.recycle()
      throw error
    }
    totalNanoseconds = monotonicNanoseconds() - start
    return result
  }

  /// Adds the model's own input size to an error about shapes.
  private func withSizeHint(_ shape: Shape, _ body: () throws(MTLError) -> Void) throws(MTLError) {
    do {
      try body()
    } catch  where error.kind == .shapeMismatch {
      let own = model.input.shape(batch: max(shape.dimensions.first ?? 1, 1))
      throw MTLError(
        .shapeMismatch, error.subject, shape == own ? error.problem : "\(error.problem); the model's input is \(own)")
    }
  }

  private func check(batch: Int) throws(MTLError) {
    guard (1...InferenceSession.maximumBatch).contains(batch) else {
      throw MTLError(
        .invalidArgument, "batch", expected: "1 to \(InferenceSession.maximumBatch) images", found: "\(batch)")
    }
  }

  private func checkTensor(
    _ dimensions: ImageDimensions, _ strides: ImageDimensions, _ byteCount: Int
  ) throws(MTLError) {
    let name = model.input.name
    let sides = 1...Window.maximumSide
    guard general != nil || dimensions.1 == model.input.color.channelCount, sides.contains(dimensions.2),
      sides.contains(dimensions.3)
    else {
      throw MTLError(
        .shapeMismatch, name, expected: "N x \(model.input.color.channelCount) x H x W",
        found: "\(dimensions.0)x\(dimensions.1)x\(dimensions.2)x\(dimensions.3)")
    }
    try check(batch: dimensions.0)
    var end = MemoryLayout<Float>.size
    func extend(_ dimension: Int, _ stride: Int) throws(MTLError) {
      let (distance, overflow) = (dimension - 1).multipliedReportingOverflow(by: stride)
      guard stride >= 0, !overflow, distance <= byteCount - end else {
        throw MTLError(
          .bufferTooSmall, name, "shape \(dimensions) with byte strides \(strides) leaves its \(byteCount) bytes")
      }
      end += distance
    }
    try extend(dimensions.0, strides.0)
    try extend(dimensions.1, strides.1)
    try extend(dimensions.2, strides.2)
    try extend(dimensions.3, strides.3)
  }

  /// The shape of a batch, without an allocation when it was run lately.
  private func shape(_ batch: Int, _ channels: Int, _ height: Int, _ width: Int) -> Shape {
    shapes.find(
      where: { $0[0] == batch && $0[1] == channels && $0[2] == height && $0[3] == width },
      orMake: { [batch, channels, height, width] })
  }

  static func checked(_ tasks: [Int], _ model: Model) throws(MTLError) -> [Int] {
    guard !tasks.isEmpty else { throw MTLError(.invalidArgument, "tasks", "none are named") }
    for (position, task) in tasks.enumerated() {
      guard model.tasks.indices.contains(task) else {
        throw MTLError(.notFound, "task \(task)", expected: "0 to \(model.tasks.count - 1)", found: "\(task)")
      }
      guard !tasks[..<position].contains(task) else {
        throw MTLError(.invalidArgument, "task '\(model.tasks[task].name)'", "is named twice")
      }
    }
    return tasks
  }
}
