import Glibc
import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Random networks") struct RandomNetworkTests {
  /// Against the reference evaluation of the graph before it was simplified: rounding of a few layers in float32.
  private static let bound: Float = 2e-5
  static let seeds: Range<UInt64> = {
    guard let text = unsafe getenv("MTL_TEST_CONFIGURATIONS") else { return 0..<60 }
    return unsafe 0..<max(60, UInt64(String(cString: text)) ?? 0)
  }()

  /// Every instruction set; and 1, 2 and 5 threads give the same bytes.
  @Test(arguments: seeds) func runsAsItIsDefined(_ seed: UInt64) throws {
    let random = RandomNetwork(seed: seed)
    let input = random.input(seed)
    let expected = try random.graph.evaluate([input])
    let network = try Network(random.graph)
    for isa in InstructionSet.allCases where isa <= .detected {
      let found = try Session(testing: network, isa: isa).run(input)
      #expect(found.count == expected.count)
      for (one, other) in zip(found, expected) {
        let difference = try one.largestDifference(from: other)
        #expect(difference <= RandomNetworkTests.bound, "\(isa.name)")
      }
      for threads in [2, 5] {
        let session = Session(testing: network, threads: threads, isa: isa)
        #expect(try bits(session.run(input)) == bits(found), "\(isa.name), \(threads) threads")
      }
    }
  }

  @Test(arguments: seeds) func everySubsetOfTasksGivesTheSame(_ seed: UInt64) throws {
    let random = RandomNetwork(seed: seed)
    let session = Session(testing: try Network(random.graph), threads: 2, planLimit: 3)
    let inputs = [random.input(1), random.input(2)]
    let whole = try inputs.map { try bits(session.run($0)) }
    for tasks in taskSubsets(session.network.taskCount) {
      for (input, expected) in zip(inputs, whole) {
        #expect(try bits(session.run(input, tasks: tasks)) == tasks.map { expected[$0] }, "\(tasks)")
        let reversed = Array(tasks.reversed())
        #expect(try bits(session.run(input, tasks: reversed)) == reversed.map { expected[$0] }, "\(reversed)")
      }
    }
  }

  /// Networks of the generator reach every kind of step.
  @Test func generatorReachesEveryKernel() throws {
    var kernels: Set<Substring> = []
    for seed in RandomNetworkTests.seeds {
      let random = RandomNetwork(seed: seed)
      let session = Session(testing: try Network(random.graph), isa: .scalar)
      let tasks = Array(0..<session.network.taskCount)
      for step in try session.planDescription(inputShape: random.inputShape, tasks: tasks) {
        kernels.formUnion([step.kernel.split(separator: " ").prefix { $0 != "scalar" }.joined(separator: " ")[...]])
      }
    }
    #expect(
      kernels.isSuperset(of: [
        "convolution", "max pool", "average pool", "global average", "gemm", "softmax", "layout", "relu", "leaky relu",
        "sigmoid", "tanh", "grouped convolution", "depthwise convolution", "batch normalization",
      ]), "\(kernels)")
  }
}
