import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Networks of bytes and bfloat16") struct NarrowNetworkTests {
  /// The reference evaluation of these takes longest.
  private static let seeds = RandomNetworkTests.seeds.filter { $0 < 24 || RandomNetworkTests.seeds.count > 60 }

  /// What the reference evaluation gives, to the last bit, on every instruction set and with any number of threads.
  @Test(arguments: seeds, [false, true]) func runsAsItIsDefined(_ seed: UInt64, isBFloat16: Bool) throws {
    let random = RandomNarrowNetwork(seed: seed, isBFloat16: isBFloat16)
    let input = random.input(seed)
    let expected = try random.graph.evaluate([input])
    let network = try Network(random.graph)
    for isa in InstructionSet.allCases where isa <= .detected {
      for threads in [1, 2, 5] {
        let found = try Session(testing: network, threads: threads, isa: isa).run(input)
        #expect(found.count == expected.count)
        for (index, pair) in zip(found, expected).enumerated() {
          let difference = try pair.0.largestDifference(from: pair.1)
          #expect(difference == 0, "\(isa.name), \(threads) threads, output \(index)")
        }
      }
    }
  }

  /// Processors without instructions for it compute in floats.
  @Test func bfloat16IsForProcessorsThatHaveIt() throws {
    let random = RandomNarrowNetwork(seed: 3, isBFloat16: true)
    let network = try Network(random.graph)
    for kernels in KernelSet.verified {
      let session = Session(testing: network, isa: kernels.instructionSet, emulatesBFloat16: false)
      let steps = try session.planDescription(
        inputShape: random.inputShape, tasks: Array(0..<network.taskCount))
      #expect(steps.contains { $0.kernel.contains("bf16") } == kernels.multipliesBFloat16)
    }
  }

  @Test func generatorReachesEveryKernel() throws {
    var kernels: Set<String> = []
    for seed in UInt64(0)..<800 {
      let random = RandomNarrowNetwork(seed: seed / 2, isBFloat16: seed % 2 == 1)
      let session = Session(testing: try Network(random.graph), isa: .scalar)
      for step in try session.planDescription(
        inputShape: random.inputShape, tasks: Array(0..<session.network.taskCount))
      {
        kernels.insert(step.kernel)
      }
    }
    for wanted in [
      "int8 convolution scalar to bytes", "int8 convolution scalar + relu to bytes", "int8 convolution scalar",
      "int8 convolution scalar + sum to bytes", "int8 convolution scalar to bytes, 2 siblings on one input",
      "grouped int8 convolution scalar", "grouped int8 convolution scalar + sum to bytes",
      "transposed int8 convolution scalar", "transposed int8 convolution scalar to bytes",
      "transposed int8 convolution scalar + relu to bytes",
      "depthwise int8 convolution scalar", "depthwise int8 convolution scalar + relu to bytes",
      "quantize scalar", "dequantize scalar", "max pool int8 scalar", "global average int8 scalar", "layout",
      "bf16 convolution scalar to bf16", "bf16 convolution scalar + relu to bf16", "bf16 convolution scalar",
      "bf16 convolution scalar + sum to bf16", "bf16 convolution scalar, 2 siblings on one input",
      "round to bf16 scalar", "bf16 to floats scalar", "copy of bf16 scalar", "max pool bf16 scalar",
      "global average bf16 scalar",
    ] {
      #expect(kernels.contains(wanted), "\(wanted): \(kernels.sorted())")
    }
  }
}
