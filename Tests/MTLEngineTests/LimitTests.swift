import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Sizes that cannot be") struct LimitTests {
  private func network(_ operation: any Operator, _ weights: Tensor...) throws -> Network {
    var graph = Graph()
    let input = graph.addInput("x")
    graph.addOutput("y", graph.add(operation, name: "layer", [input] + weights.map { graph.addConstant($0) }))
    return try Network(graph)
  }

  private func error(_ network: Network, _ dimensions: [Int]) -> MTLError? {
    #expect(throws: MTLError.self) {
      try Session(testing: network, threads: 2).reserve(inputShape: Shape(dimensions), tasks: [0])
    }
  }

  @Test(arguments: [
    [1, 1, Int.max, Int.max], [Int.max, 1, 1, 1], [1 << 40, 1, 2, 1], [-1, 1, 4, 4], [1, 1, -4, 4], [1, 1, 4], [],
    [1, 1, 0, 4], [1, 1, 1 << 16, 4], [1, 1, 4, (1 << 15) + 1], [1, 2, 4, 4],
  ])
  func convolution(_ dimensions: [Int]) throws {
    let network = try network(Convolution(), Tensor([1], shape: [1, 1, 1, 1]))
    let kind = error(network, dimensions)?.kind
    #expect(kind == .limit || kind == .shapeMismatch)
  }

  /// Two buffers of 2^46 bytes: more than a process can address, so that no system gives them on credit.
  @Test func memoryThatIsNotThere() throws {
    let pool = try network(MaxPool(Window(kernel: .init(1))))
    #expect(error(pool, [1 << 10, 1, 1 << 15, 1 << 15])?.kind == .outOfMemory)
  }

  /// 2^34 outputs in blocks of 2^30 taps each are more than 64 bits can count.
  @Test func poolOfTheLargestWindow() throws {
    let side = Window.maximumSide
    let pool = try network(MaxPool(Window(kernel: .init(side), padding: .init(side / 2))))
    #expect(error(pool, [1 << 10, 1, side - 1, side - 1])?.kind == .outOfMemory)
  }

  /// 2^10 layers that each keep their output of 2^46 bytes.
  @Test func moreBuffersThanAnyMachineHolds() throws {
    var graph = Graph()
    let input = graph.addInput("x")
    for index in 0..<1 << 10 {
      graph.addOutput("y\(index)", graph.add(MaxPool(Window(kernel: .init(1))), name: "pool", [input]))
    }
    let network = try Network(graph)
    let error = #expect(throws: MTLError.self) {
      try Session(testing: network).reserve(
        inputShape: [1 << 10, 1, 1 << 15, 1 << 15], tasks: Array(0..<network.taskCount))
    }
    #expect(error?.kind == .limit)
  }

  @Test func channels() throws {
    let pool = try network(MaxPool(Window(kernel: .init(1))))
    #expect(error(pool, [1, (1 << 24) + 1, 1, 1])?.problem.hasPrefix("expected at most 2^24 channels") == true)
  }

  @Test func oneInputIsNeeded() {
    let error = #expect(throws: MTLError.self) { try Network(Graph()) }
    #expect(error?.kind == .unsupported && error?.description == "network: expected one input, found 0")
  }

  /// An output may be a constant, which no step makes.
  @Test func anOutputThatNoStepMakes() throws {
    var graph = Graph()
    _ = graph.addInput("x")
    graph.addOutput("y", graph.addConstant(Tensor([7], shape: [1])))
    let output = try Session(testing: try Network(graph)).run(Tensor([1], shape: [1, 1, 1, 1]))
    #expect(try output[0].floats() == [7])
  }

  /// More images than items fit one parallel job.
  @Test func manyTinyImages() throws {
    let count = Workers.maximumItemCount + 1
    let pool = ThreadPool(width: 2)
    let work = CountingWork()
    #expect(pool.take())
    pool.run(work, count: count, limit: 2)
    pool.giveBack()
    #expect(work.sum.load(ordering: .relaxed) == count * (count - 1) / 2)
  }
}
