import MTLEngine
import MTLGraph
import MTLInfer
import MTLTasks
import TestSupport
import Testing

@Suite("Sessions and results")
struct SessionTests {
  private let model: Model

  init() throws {
    model = try #require(fingers)
  }

  /// One picture in -1...1, as the model takes it.
  private func input(_ batch: Int = 1, side: Int = 128) -> Tensor {
    let values = noise(seed: 3, count: batch * side * side).map { Float($0) / 127.5 - 1 }
    return Tensor(values, shape: [batch, 1, side, side])
  }

  @Test func subsetsOfTasksAnswerTheSame() throws {
    let session = try session(model)
    let all = try session.run(tensor: input())
    for tasks in [[0], [1], [1, 0]] {
      let some = try session.run(tensor: input(), tasks: tasks)
      #expect(some.tasks == tasks)
      for task in 0..<2 {
        #expect(try some.values(task) == (tasks.contains(task) ? all.values(task) : []))
      }
    }
    let fixed = try MTLInferTests.session(model, tasks: [1])
    #expect(try fixed.run(tensor: input()).tasks == [1])
    #expect(try fixed.run(tensor: input(), tasks: [0]).tasks == [0])
    #expect(try fixed.headNanoseconds(task: 0) > 0 && fixed.headNanoseconds(task: 1) == 0)
  }

  @Test func wrongTasksAreNamed() throws {
    let session = try session(model)
    let errors = [[], [2], [-1], [1, 1], [Int.max]].map { tasks in
      failure { () throws(MTLError) in try session.run(tensor: input(), tasks: tasks) }
    }
    #expect(errors.map { $0?.kind } == [.invalidArgument, .notFound, .notFound, .invalidArgument, .notFound])
    #expect(
      errors[1]?.problem == "expected 0 to 1, found 2" && errors[3]?.description == "task 'count': is named twice")
    #expect(failure { () throws(MTLError) in try MTLInferTests.session(model, tasks: [5]) }?.kind == .notFound)
    #expect(
      failure { () throws(MTLError) in try model.taskIndex("depth") }?.problem.contains("it has hand, count") == true)
    let one = try session.run(tensor: input(), tasks: [0])
    #expect(failure { () throws(MTLError) in try one.classification(task: 1, image: 0) }?.problem == "was not run")
    #expect(failure { () throws(MTLError) in try one.classification(task: 9, image: 0) }?.kind == .notFound)
    #expect(failure { () throws(MTLError) in try one.classification(task: 0, image: 1) }?.kind == .invalidArgument)
  }

  @Test func resultsOutliveLaterRunsAndTheSession() throws {
    var session: InferenceSession? = try session(model, threads: 2)
    let first = try #require(try session?.run([picture(expectedAnswers[26].name)]))
    let before = try (first.values(0), first.values(1))
    let memory = unsafe try #require(unsafe first.output(task: 1)).values
    for answer in expectedAnswers.prefix(4) { try session?.run([picture(answer.name)]).recycle() }
    #expect(try first.values(0) == before.0 && first.values(1) == before.1)
    session = nil
    #expect(try first.values(0) == before.0)
    #expect(unsafe Array(memory) == before.1)
    first.recycle()
  }

  @Test func recycledResultsAreUsedAgainAndRightly() throws {
    let session = try session(model)
    let wanted = try session.run(tensor: input()).values(1)
    let result = try session.run(tensor: input(3), tasks: [0])
    result.recycle()
    let again = try session.run(tensor: input())
    #expect(again === result)
    #expect(try again.values(1) == wanted && again.batch == 1 && again.tasks == [0, 1])
  }

  @Test func secondCallGetsBusy() throws {
    let session = try session(model)
    let pixels = Bytes(copying: try picture(expectedAnswers[0].name))
    var error: MTLError?
    let result = try session.run(count: 1) { (_) throws(MTLError) -> PixelView in
      error = failure { () throws(MTLError) in try session.run(tensor: input()) }
      return try view(pixels)
    }
    #expect(error?.kind == .busy && error?.subject == "session")
    #expect(largestDifference(try result.values(0), expectedAnswers[0].tasks[0]) <= 1e-5)
    #expect(try session.run(tensor: input()).batch == 1)
  }

  /// `pixels` must outlive the view; the caller holds it.
  private func view(_ pixels: Bytes) throws(MTLError) -> PixelView {
    try unsafe pixels.withUnsafeBytes { (bytes) throws(MTLError) -> PixelView in
      try unsafe PixelView(
        data: bytes.baseAddress, byteCount: UInt64(bytes.count), rowStride: 128, width: 128, height: 128, format: .gray8
      )
    }
  }

  @Test func failedRunsLoseNothing() throws {
    let session = try session(model)
    let wanted = try session.run(tensor: input()).values(0)
    let error = failure { () throws(MTLError) in
      try session.run(count: 2) { (_) throws(MTLError) -> PixelView in throw MTLError(.inputOutput, "camera", "is gone")
      }
    }
    #expect(error?.subject == "camera")
    #expect(try session.run(tensor: input()).values(0) == wanted)
  }

  @Test(arguments: [64, 127, 256, 3])
  func otherSizesAreRefusedWithTheRightOne(_ side: Int) throws {
    let session = try session(model)
    let error = failure { () throws(MTLError) in try session.run(tensor: input(2, side: side)) }
    #expect(error?.kind == .shapeMismatch, "\(String(describing: error))")
    #expect(error?.problem.contains("the model's input is 2x1x128x128") == true)
    #expect(
      failure { () throws(MTLError) in try session.reserve(batch: 1, height: side, width: side) }?.kind
        == .shapeMismatch)
    #expect(try session.run(tensor: input()).batch == 1)
  }

  @Test func wrongTensorsAreRefused() throws {
    let session = try session(model)
    func error(_ shape: Shape) -> MTLError? {
      failure { () throws(MTLError) in
        try session.run(tensor: Tensor([Float](repeating: 0, count: shape.elementCount), shape: shape))
      }
    }
    for shape: Shape in [[128, 128], [1, 3, 128, 128], [1, 1, 0, 128], [1, 1, 1, 128, 128], [0, 1, 128, 128]] {
      #expect([.shapeMismatch, .invalidArgument].contains(error(shape)?.kind), "\(shape)")
    }
    #expect(error([1, 3, 128, 128])?.problem == "expected N x 1 x H x W, found 1x3x128x128")
    let bytes = try Tensor(shape: [1, 1, 1, 1], type: .uint8, bytes: Bytes(copying: [UInt8(1)]), of: "x")
    #expect(failure { () throws(MTLError) in try session.run(tensor: bytes) }?.kind == .dataTypeMismatch)
    #expect(
      failure { () throws(MTLError) in try session.run(count: 0) { _ throws(MTLError) in fatalError() } }?.kind
        == .invalidArgument)
    #expect(failure { () throws(MTLError) in try session.reserve(batch: 1 << 17) }?.kind == .invalidArgument)
  }

  @Test func stridesOfTensors() throws {
    let session = try session(model)
    let dense = try input(2).floats()
    let wanted = try session.run(tensor: input(2)).values(1)
    // Columns and rows swapped, 3 floats between columns, the batch innermost but one.
    var spread = [Float](repeating: .nan, count: 128 * 128 * 2 * 3)
    for (index, value) in dense.enumerated() {
      let (image, row, column) = (index / 16384, index / 128 % 128, index % 128)
      spread[(column * 128 + row) * 6 + image * 3] = value
    }
    let strides = (12, 4, 24, 128 * 24)
    let memory = Bytes(copying: spread)
    func run(_ strides: InferenceSession.ImageDimensions, missing: Int = 0) throws(MTLError) -> InferenceResult {
      try unsafe memory.withUnsafeBytes { (bytes) throws(MTLError) -> InferenceResult in
        guard let base = bytes.baseAddress else { throw MTLError(.internalFault, "", "") }
        return try unsafe session.run(
          tensor: base, byteCount: bytes.count - missing, shape: (2, 1, 128, 128), strides: strides)
      }
    }
    #expect(try run(strides).values(1) == wanted)
    #expect(try run(strides, missing: 8).values(1) == wanted)
    #expect(failure { () throws(MTLError) in try run(strides, missing: 9) }?.kind == .bufferTooSmall)
    for wrong in [(12, 4, 24, -4), (Int.max, 4, 24, 4), (12, 4, .max / 100, 4), (12, 4, 24, 128 * 24 + 4)] {
      #expect(failure { () throws(MTLError) in try run(wrong) }?.kind == .bufferTooSmall, "\(wrong)")
    }
  }

  @Test func steadyRunsBuildNoPlans() throws {
    let session = try session(model, threads: 2)
    try session.reserve(batch: 1)
    for _ in 0..<3 { try session.run(tensor: input()).recycle() }
    let statistics = try session.statistics()
    #expect(statistics.engine.planBuilds == 1 && statistics.engine.runs == 3 && statistics.threads == 2)
    #expect(statistics.encoderNanoseconds > 0 && statistics.headsNanoseconds > 0)
    #expect(statistics.totalNanoseconds >= statistics.encoderNanoseconds + statistics.headsNanoseconds)
  }

  @Test func everyStepHasAKernel() throws {
    for instructionSet in instructionSets {
      let steps = try session(model, instructionSet: instructionSet).planDescription()
      #expect(steps.count >= 13)
      #expect(!steps.contains { $0.kernel.contains("reference") }, "\(steps.map(\.kernel))")
      #expect(Set(steps.map(\.segment)) == [.encoder, .head(0), .head(1)])
    }
  }

  @Test(arguments: [-1, 100_000])
  func threadCountsOutOfRange(_ threads: Int) {
    #expect(failure { () throws(MTLError) in try Runtime(threads: threads) }?.kind == .invalidArgument)
  }
}
