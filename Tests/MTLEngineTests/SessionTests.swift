import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite struct SessionTests {
  /// Trunk, and two tasks of which one has layers of its own.
  private func twoTasks() throws -> Network {
    var random = SeededRandom(seed: 1)
    var graph = Graph()
    let weight = graph.addConstant(random.tensor([16, 3, 3, 3]))
    let trunk = graph.add(Convolution(padding: .init(1)), name: "trunk", [graph.addInput("x"), weight])
    graph.addOutput("map", graph.add(Tanh(), name: "map", [trunk]))
    let mean = graph.add(GlobalAveragePool(), name: "mean", [graph.add(Sigmoid(), name: "gate", [trunk])])
    graph.addOutput("label", graph.add(Flatten(), name: "flat", [mean]))
    return try Network(graph)
  }

  private func image(_ batch: Int = 1) -> Tensor {
    var random = SeededRandom(seed: 2)
    return random.tensor([batch, 3, 64, 64])
  }

  @Test func plansAreKept() throws {
    let session = Session(testing: try twoTasks(), planLimit: 2)
    func run(_ batch: Int, _ tasks: [Int]) throws -> [UInt64] {
      _ = try session.run(image(batch), tasks: tasks)
      return [session.statistics.planBuilds, session.statistics.planHits, session.statistics.runs]
    }
    #expect(try run(1, [0]) == [1, 0, 1])
    #expect(try run(1, [0]) == [1, 1, 2])
    #expect(try run(1, [1]) == [2, 1, 3])
    #expect(try run(1, [0]) == [2, 2, 4])
    // The third plan takes the place of the one that was not used for the longest time.
    #expect(try run(2, [0]) == [3, 2, 5])
    #expect(try run(1, [0]) == [3, 3, 6])
    #expect(try run(1, [1]) == [4, 3, 7])
    #expect(try run(2, [0]) == [5, 3, 8])
    try session.reserve(inputShape: image(2).shape, tasks: [0])
    #expect(session.statistics.planHits == 4 && session.statistics.runs == 8)
  }

  @Test func arenaBytesAreOfAllPlans() throws {
    let session = Session(testing: try twoTasks(), planLimit: 2)
    let sizes = try [1, 2, 3].map { try session.plan(inputShape: image($0).shape, tasks: [0]).arena.byteCount }
    #expect(sizes[0] > 64 * 64 * 16 * 4 && sizes[2] > sizes[1])
    #expect(session.statistics.arenaBytes == sizes[1] + sizes[2])
  }

  @Test func aPlanLimitOfNothingKeepsOne() throws {
    let session = Session(testing: try twoTasks(), planLimit: 0)
    _ = try session.run(image())
    _ = try session.run(image())
    #expect(session.statistics.planBuilds == 1)
  }

  @Test func clocksAddUp() throws {
    let session = Session(testing: try twoTasks())
    _ = try session.run(image())
    let before = monotonicNanoseconds()
    _ = try session.run(image(), tasks: [1])
    let wall = monotonicNanoseconds() - before
    #expect(session.encoderNanoseconds > 0 && session.headNanoseconds(task: 1) > 0)
    #expect(session.headNanoseconds(task: 0) == 0)
    #expect(session.encoderNanoseconds + session.headNanoseconds(task: 1) <= wall)
    _ = try session.run(image(), tasks: [0])
    #expect(session.headNanoseconds(task: 0) > 0 && session.headNanoseconds(task: 1) == 0)
  }

  @Test func planDescriptionNamesNodesAndParts() throws {
    let session = Session(testing: try twoTasks(), isa: .scalar)
    let plan = try session.planDescription(inputShape: image().shape, tasks: [0, 1])
    #expect(plan.map(\.node) == ["trunk", "map", "gate", "mean"])
    #expect(plan.map(\.segment) == [.encoder, .head(0), .head(1), .head(1)])
    #expect(plan.map(\.kernel) == ["convolution scalar", "tanh scalar", "sigmoid scalar", "global average scalar"])
  }

  /// Steps count what their nodes do, and tell their times after a run.
  @Test func stepsTellWorkAndTime() throws {
    let network = try twoTasks()
    let session = Session(testing: network)
    let before = try session.planDescription(inputShape: image().shape, tasks: [0, 1])
    #expect(before.allSatisfy { $0.nanoseconds == 0 })
    _ = try session.run(image(), tasks: [0, 1])
    let plan = try session.planDescription(inputShape: image().shape, tasks: [0, 1])
    let costs = try network.graph.costs(for: [image().shape])
    #expect(plan.reduce(0) { $0 + $1.multiplyAccumulates } == costs.values.reduce(0) { $0 + $1.multiplyAccumulates })
    #expect(plan[0].multiplyAccumulates > 0 && plan.contains { $0.nanoseconds > 0 })
    for numbers in NumberFormat.allCases { #expect(session.measuredPeak(of: numbers) > 1e7) }
  }

  @Test func packedWeightsAreShared() throws {
    let network = try twoTasks()
    #expect(network.packedWeightByteCount == 0)
    for batch in 1...3 { _ = try Session(testing: network).run(image(batch)) }
    #expect(network.packedWeightByteCount == (16 * 3 * 9 + 16) * 4)
  }

  @Test func errorsOfFillAreHandedOn() throws {
    let session = Session(testing: try twoTasks(), threads: 2)
    let expected = try bits(session.run(image()))
    let error = #expect(throws: MTLError.self) {
      try session.run(
        inputShape: image().shape, tasks: [0],
        fill: { (_) throws(MTLError) in throw MTLError(.inputOutput, "camera", "is gone") }, collect: { _ in })
    }
    #expect(error?.subject == "camera" && session.statistics.runs == 1)
    #expect(try bits(session.run(image())) == expected)
  }

  @Test func twoTasksOnOneValueAndTheInputItself() throws {
    var graph = Graph()
    let input = graph.addInput("x")
    let relu = graph.add(Relu(), name: "relu", [input])
    for (name, value) in [("a", relu), ("b", relu), ("c", input)] { graph.addOutput(name, value) }
    let session = Session(testing: try Network(graph))
    let x = image()
    let results = try session.run(x)
    #expect(try bits([results[0]]) == bits([results[1]]) && bits([results[2]]) == bits([x]))
    #expect(try results[0].floats() == x.floats().map { max($0, 0) })
  }

  /// A bad frame must not live on in the memory of the frames that follow. 20 channels leave 12 to fill up a block.
  @Test func aRunLeavesNothingToTheNext() throws {
    var random = SeededRandom(seed: 3)
    var graph = Graph()
    var value = graph.addInput("x")
    for (inputs, outputs) in [(20, 24), (24, 20), (20, 5)] {
      let weight = graph.addConstant(random.tensor([outputs, inputs, 3, 3]))
      value = graph.add(Convolution(padding: .init(1)), name: "conv", [value, weight])
    }
    graph.addOutput("y", value)
    let session = Session(testing: try Network(graph))
    let good = random.tensor([1, 20, 9, 9])
    let expected = try bits(session.run(good))
    _ = try session.run(Tensor([Float](repeating: .nan, count: 20 * 81), shape: good.shape))
    #expect(try bits(session.run(good)) == expected)
  }
}
