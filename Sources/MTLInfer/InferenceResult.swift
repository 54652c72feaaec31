import MTLEngine
import MTLGraph
import MTLNetworks
import MTLTasks
import Synchronization

/// The outputs of one run. Owns its memory, so it stays valid and unchanged after later runs and without its session.
@safe public final class InferenceResult: @unchecked Sendable {
  public let model: Model
  private var layout: OutputLayout?
  private var memory: HeapBuffer<Float>?
  /// What a network in general form returned, instead of `layout` and `memory`.
  private var general: (tasks: [Int], values: [GraphValue])?
  /// By position in `general`, the texts of each tensor that has some.
  private var texts: [[TextRecords?]] = []
  private let pool: ResultPool
  /// References that the C interface has given out.
  public let references = Atomic<Int>(0)
  private let isFree = AtomicFlag()

  init(model: Model, pool: ResultPool) {
    self.model = model
    self.pool = pool
  }

  /// Images in the batch.
  public var batch: Int {
    guard let general else { return layout?.batch ?? 0 }
    guard case .tensor(let tensor)? = general.values.first else { return 1 }
    return tensor.shape.dimensions.first ?? 1
  }
  /// Indices of the tasks that were run.
  public var tasks: [Int] { general?.tasks ?? layout?.tasks ?? [] }

  /// Whether the outputs are values of any form, and not what a plan of kernels wrote.
  public var isGeneral: Bool { general != nil }

  /// Makes room for outputs of this layout. Allocates only when they need more than the largest ones so far.
  func prepare(_ layout: OutputLayout) throws(MTLError) {
    if memory.map({ $0.count < layout.elementCount }) ?? true {
      memory = try HeapBuffer(count: layout.elementCount, of: "result")
    }
    self.layout = layout
    general = nil
  }

  /// Takes the outputs of a network in general form.
  func take(_ values: [GraphValue], tasks: [Int]) throws(MTLError) {
    texts = try values.map { value throws(MTLError) in
      try value.tensors.map { tensor throws(MTLError) in
        tensor.type == .string ? try TextRecords(tensor.texts) : nil
      }
    }
    general = (tasks, values)
  }

  /// Shape, type and elements in row-major order of a tensor of a task's output, valid as long as the result; nil if the
  /// task did not run, or has no such tensor. Texts are as in `TextRecords`.
  ///
  /// - Parameter index: in a sequence; 0 is the output that is a tensor.
  @unsafe public func elements(
    task: Int, index: Int = 0
  ) -> (shape: Shape, type: DataType, bytes: UnsafeRawBufferPointer)? {
    if let general {
      guard let position = general.tasks.firstIndex(of: task) else { return nil }
      let tensors = general.values[position].tensors
      guard tensors.indices.contains(index) else { return nil }
      let tensor = tensors[index]
      if let texts = texts[position][index] { return unsafe (tensor.shape, tensor.type, texts.records) }
      return unsafe (tensor.shape, tensor.type, tensor.bytes.withUnsafeBytes { unsafe $0 })
    }
    guard index == 0, let output = unsafe output(task: task) else { return nil }
    return unsafe (output.shape, .float32, UnsafeRawBufferPointer(output.values))
  }

  /// Where the output at this position of `tasks` is written, once there is room.
  @unsafe func destination(_ position: Int) -> UnsafeMutablePointer<Float>? {
    guard let layout, let memory else { return nil }
    return unsafe memory.base + layout.offsets[position]
  }

  /// Shape and elements of a task's output in row-major order, valid as long as the result; nil if it did not run.
  @unsafe public func output(task: Int) -> (shape: Shape, values: UnsafeBufferPointer<Float>)? {
    if general != nil {
      guard case .tensor? = value(task: task), let output = unsafe elements(task: task),
        unsafe output.type == .float32
      else { return nil }
      return unsafe (output.shape, output.bytes.assumingMemoryBound(to: Float.self))
    }
    guard let layout, let memory, let position = layout.tasks.firstIndex(of: task) else { return nil }
    let shape = layout.shapes[position]
    let values = unsafe UnsafeBufferPointer(start: memory.base + layout.offsets[position], count: shape.elementCount)
    return unsafe (shape, values)
  }

  /// Writes other values over those of a task, as many as there are.
  func replace(task: Int, by values: [Float]) {
    if let general, let position = general.tasks.firstIndex(of: task) {
      var outputs = general.values
      guard case .tensor(let tensor) = outputs[position] else { return }
      outputs[position] = .tensor(Tensor(values, shape: tensor.shape))
      self.general = (general.tasks, outputs)
      return
    }
    guard let layout, let position = layout.tasks.firstIndex(of: task), let target = unsafe destination(position),
      values.count == layout.shapes[position].elementCount
    else { return }
    for (index, value) in values.enumerated() { unsafe target[index] = value }
  }

  /// A copy of a task's output; nil if it did not run.
  public func tensor(task: Int) -> Tensor? {
    if case .tensor(let tensor)? = value(task: task) { tensor } else { nil }
  }

  /// A task's output, which may be a sequence or missing; nil if it did not run.
  public func value(task: Int) -> GraphValue? {
    if let general { return general.tasks.firstIndex(of: task).map { general.values[$0] } }
    guard let output = unsafe output(task: task) else { return nil }
    return unsafe .tensor(Tensor(Array(output.values), shape: output.shape))
  }

  /// The answer of a classification task for one image of the batch.
  public func classification(task: Int, image: Int) throws(MTLError) -> Classification {
    guard model.tasks.indices.contains(task), let output = unsafe output(task: task) else {
      throw MTLError(.notFound, "task \(task)", "was not run")
    }
    let description = model.tasks[task]
    guard description.kind == .classification, unsafe output.shape.rank == 2 else {
      throw MTLError(.invalidArgument, "task '\(description.name)'", "is no classification")
    }
    guard (0..<batch).contains(image) else {
      throw MTLError(.invalidArgument, "image", expected: "0 to \(batch - 1)", found: "\(image)")
    }
    let classes = unsafe output.shape[1]
    let row = unsafe UnsafeBufferPointer(rebasing: output.values[image * classes..<(image + 1) * classes])
    guard let answer = unsafe Classification(row, form: description.form) else {
      throw MTLError(
        .invalidState, "task '\(description.name)'",
        "its output holds only NaN: the input or the weights are no finite numbers")
    }
    return answer
  }

  /// The objects of a detection task in one image of the batch, best first, in pixels of the input.
  public func detections(task: Int, image: Int, above minimumScore: Float = 0) throws(MTLError) -> [Detection] {
    let maps = try maps(task: task, image: image, of: .detection)
    var decoder = DetectionDecoder()
    var detections: [Detection] = []
    guard decoder.decode(maps, above: minimumScore, into: &detections) else {
      throw MTLError(.shapeMismatch, "task '\(model.tasks[task].name)'", "its output has too few maps for a detection")
    }
    return detections
  }

  /// The persons of a key point task in one image of the batch, best first, and their joints, one person after another,
  /// in pixels of the input.
  public func keyPoints(
    task: Int, image: Int, above minimumScore: Float = 0
  ) throws(MTLError) -> (persons: [Detection], points: [Point]) {
    guard let maps = PoseMaps(try maps(task: task, image: image, of: .keyPoints)) else {
      throw MTLError(
        .shapeMismatch, "task '\(model.tasks[task].name)'", "the number of its maps is not 7 and 3 for each key point")
    }
    var decoder = PoseDecoder()
    var persons: [Detection] = []
    var points: [Point] = []
    decoder.decode(maps, above: minimumScore, into: &persons, points: &points)
    return (persons, points)
  }

  /// The maps of one image. The result keeps their memory.
  func maps(task: Int, image: Int, of kind: TaskDescription.Kind) throws(MTLError) -> FeatureMaps {
    guard model.tasks.indices.contains(task), let output = unsafe output(task: task) else {
      throw MTLError(.notFound, "task \(task)", "was not run")
    }
    let description = model.tasks[task]
    guard description.kind == kind, unsafe output.shape.rank == 4, let base = unsafe output.values.baseAddress else {
      throw MTLError(.invalidArgument, "task '\(description.name)'", "is no \(kind.rawValue)")
    }
    guard (0..<batch).contains(image) else {
      throw MTLError(.invalidArgument, "image", expected: "0 to \(batch - 1)", found: "\(image)")
    }
    let shape = unsafe output.shape
    return unsafe FeatureMaps(
      base: base + image * shape[1] * shape[2] * shape[3], channels: shape[1], height: shape[2], width: shape[3])
  }

  /// Gives the result back to its session for the next run. Nobody may use it afterwards; a second call does nothing.
  public func recycle() {
    if isFree.take() { pool.add(self) }
  }

  /// Back in use, by the run that took it out of the pool.
  func reuse() { isFree.clear() }
}

/// Results that wait for the next run of their session: a few places, each taken by one exchange, so that no lock can be
/// left taken in the child of a fork.
final class ResultPool: Sendable {
  /// The result in it, with one reference; 0 is none.
  private final class Place: Sendable {
    let address = Atomic<UInt>(0)
  }

  private let places = (0..<8).map { _ in Place() }
  private let isClosed = Atomic<Bool>(false)

  /// A free result; nil if a new one has to be made.
  func take() -> InferenceResult? {
    for place in places {
      let address = place.address.exchange(0, ordering: .acquiring)
      guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { continue }
      let result = unsafe Unmanaged<InferenceResult>.fromOpaque(pointer).takeRetainedValue()
      result.reuse()
      return result
    }
    return nil
  }

  /// Keeps a result, or lets it go where all places are taken or the session is gone.
  func add(_ result: InferenceResult) {
    let address = unsafe UInt(bitPattern: Unmanaged.passRetained(result).toOpaque())
    let isKept = places.contains {
      $0.address.compareExchange(expected: 0, desired: address, ordering: .acquiringAndReleasing).exchanged
    }
    if !isKept { unsafe Unmanaged.passUnretained(result).release() }
    // A session that closed meanwhile may have looked before the result was there.
    if isClosed.load(ordering: .sequentiallyConsistent) { empty() }
  }

  /// The session is gone: results that come back are freed.
  func close() {
    isClosed.store(true, ordering: .sequentiallyConsistent)
    empty()
  }

  private func empty() {
    while take() != nil {}
  }
}
