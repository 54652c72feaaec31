import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

/// What multitask networks repeat becomes one step, and gives the numbers of the graph's definition.
@Suite("Steps of several nodes") struct ScheduleTests {
  /// Builds a graph, compares it with its evaluation on every set, 1 and 3 threads, and returns the kernels of its plan.
  private func kernels(
    _ shape: Shape, sourceLocation: SourceLocation = #_sourceLocation,
    _ build: (inout Graph, ValueID, inout SeededRandom) -> [ValueID]
  ) throws -> [String] {
    var random = SeededRandom(seed: 21)
    var graph = Graph()
    for (index, output) in build(&graph, graph.addInput("x"), &random).enumerated() {
      graph.addOutput("y\(index)", output)
    }
    let input = random.tensor(shape)
    let expected = try graph.evaluate([input])
    let network = try Network(graph)
    for isa in InstructionSet.allCases where isa <= .detected {
      for threads in [1, 3] {
        let session = Session(testing: network, threads: threads, isa: isa)
        // Twice: what a run leaves in the arena must not matter to the next.
        _ = try session.run(input)
        for (found, one) in zip(try session.run(input), expected) {
          #expect(try found.largestDifference(from: one) <= 2e-5, "\(isa), \(threads)", sourceLocation: sourceLocation)
        }
      }
    }
    let session = Session(testing: network, isa: .scalar)
    let plan = try session.planDescription(inputShape: shape, tasks: Array(graph.outputs.indices))
    return plan.map(\.kernel)
  }

  private func weight(_ graph: inout Graph, _ shape: Shape, _ random: inout SeededRandom) -> ValueID {
    let scale = 1 / Float(shape.dimensions.dropFirst().reduce(1, *)).squareRoot()
    return graph.addConstant(random.tensor(shape, in: -scale...scale))
  }

  @Test(arguments: [16, 20]) func siblingsOnOneInput(_ channels: Int) throws {
    let kernels = try kernels([2, 3, 9, 11]) { graph, x, random in
      (0..<3).map { index in
        let convolution = Convolution(dilation: .init(2), padding: .init(2))
        let value = graph.add(
          convolution, name: "c\(index)", [x, weight(&graph, [channels + index, 3, 3, 3], &random)])
        return graph.add(Relu(), name: "r\(index)", [value])
      }
    }
    #expect(kernels == ["convolution scalar + relu, 3 siblings on one input"])
  }

  @Test func oneWeightForSeveralInputs() throws {
    let kernels = try kernels([1, 3, 8, 8]) { graph, x, random in
      let masks = (0..<3).map { graph.add(LeakyRelu(slope: Float($0) / 7), name: "m\($0)", [x]) }
      let shared = weight(&graph, [18, 3, 3, 3], &random)
      return masks.enumerated().map { index, mask in
        graph.add(Convolution(padding: .init(1)), name: "c\(index)", [mask, shared])
      }
    }
    #expect(kernels.contains("convolution scalar, one weight for 3 inputs"))
  }

  @Test func trunksSideBySide() throws {
    let kernels = try kernels([1, 3, 10, 10]) { graph, x, random in
      var trunks = [x, x]
      for layer in 0..<2 {
        for index in trunks.indices {
          let inputs = layer == 0 ? 3 : 17
          trunks[index] = graph.add(
            Convolution(padding: .init(1)), name: "c\(layer).\(index)",
            [trunks[index], weight(&graph, [17, inputs, 3, 3], &random)])
        }
        let factors = graph.addConstant(Tensor([0.9, 0.1], shape: [1, 2]))
        if layer == 0 { trunks[0] = graph.add(WeightedSum(count: 2), name: "stitch", [factors] + trunks) }
      }
      return trunks
    }
    #expect(kernels.contains("convolution scalar, 2 siblings on one input"))
    // The second trunk does not wait for the stitch, so that they are not of one level.
    #expect(kernels.filter { $0.hasPrefix("convolution") }.count == 3)
    let pair = try self.kernels([1, 3, 10, 10]) { graph, x, random in
      (0..<2).map { index in
        let first = graph.add(LeakyRelu(slope: 0.2), name: "a\(index)", [x])
        return graph.add(Convolution(), name: "c\(index)", [first, weight(&graph, [17, 3, 3, 3], &random)])
      }
    }
    #expect(pair.contains("convolution scalar, 2 side by side"))
  }

  /// conv1 - relu - conv2 + (downsample or identity) - relu, as residual blocks have it.
  @Test(arguments: [true, false]) func sumsGoIntoTheEpilogue(_ hasProjection: Bool) throws {
    let kernels = try kernels([2, 16, 7, 9]) { graph, x, random in
      let first = graph.add(Convolution(), name: "conv1", [x, weight(&graph, [16, 16, 1, 1], &random)])
      let relu = graph.add(Relu(), name: "relu1", [first])
      let second = graph.add(
        Convolution(padding: .init(1)), name: "conv2", [relu, weight(&graph, [16, 16, 3, 3], &random)])
      let other =
        hasProjection
        ? graph.add(Convolution(), name: "downsample", [x, weight(&graph, [16, 16, 1, 1], &random)]) : x
      let sum = graph.add(Add(), name: "sum", [second, other])
      return [graph.add(Relu(), name: "relu2", [sum])]
    }
    #expect(kernels.last == "convolution scalar + sum + relu")
    #expect(!kernels.contains { $0.hasPrefix("add") || $0.hasPrefix("relu") })
  }

  @Test func masksGoIntoTheEpilogue() throws {
    let kernels = try kernels([1, 19, 6, 6]) { graph, x, random in
      let mask = graph.add(Convolution(), name: "mask", [x, weight(&graph, [19, 19, 1, 1], &random)])
      let sigmoid = graph.add(Sigmoid(), name: "sigmoid", [mask])
      return [graph.add(Mul(), name: "product", [sigmoid, x])]
    }
    #expect(kernels.filter { $0 != "layout" } == ["convolution scalar + sigmoid + product"])
  }

  /// Parts that begin with a block of their own are written in place; others are copied.
  @Test(arguments: [(16, 32, false), (16, 5, false), (5, 16, true)])
  func concatenations(_ first: Int, _ second: Int, _ isCopied: Bool) throws {
    let kernels = try kernels([2, 3, 6, 7]) { graph, x, random in
      let parts = [first, second].enumerated().map { index, channels in
        graph.add(Convolution(), name: "c\(index)", [x, weight(&graph, [channels, 3, 3, 3], &random)])
      }
      let joined = graph.add(Concat(axis: 1), name: "joined", parts)
      let last = graph.add(
        Convolution(), name: "last", [joined, weight(&graph, [7, first + second, 1, 1], &random)])
      return [last, graph.add(Slice(axis: 1, start: first), name: "slice", [joined])]
    }
    #expect(kernels.contains("concatenation") == isCopied, "\(kernels)")
    #expect(kernels.contains("slice") == isCopied, "\(kernels)")
  }

  @Test func concatenationsInsideOthersAndOfImages() throws {
    _ = try kernels([1, 3, 6, 7]) { graph, x, random in
      let parts = (0..<4).map { index in
        graph.add(Convolution(), name: "c\(index)", [x, weight(&graph, [16, 3, 3, 3], &random)])
      }
      let inner = graph.add(Concat(axis: 1), name: "inner", [parts[0], parts[1]])
      let outer = graph.add(Concat(axis: 1), name: "outer", [parts[2], inner, parts[0]])
      let images = graph.add(Concat(axis: 0), name: "images", [parts[3], parts[0], parts[3]])
      let pooled = graph.add(MaxPool(Window(kernel: .init(2))), name: "pool", [images])
      return [outer, pooled, graph.add(Slice(axis: 0, start: 1, end: 2), name: "second", [images])]
    }
  }

  /// Taps that only ever meet padding are left out; strides, odd sizes and taps that nobody sees among them.
  @Test(arguments: [(36, 36, 1), (12, 12, 1), (5, 9, 2), (7, 3, 3), (40, 40, 1), (9, 0, 1)])
  func tapsInThePadding(_ dilation: Int, _ padding: Int, _ stride: Int) throws {
    _ = try kernels([1, 17, 20, 23]) { graph, x, random in
      let convolution = Convolution(
        stride: .init(stride), dilation: .init(dilation), padding: .init(padding))
      return [graph.add(convolution, name: "c", [x, weight(&graph, [19, 17, 3, 3], &random)])]
    }
    let taps = LiveTaps(
      Window(kernel: .init(3), dilation: .init(36), padding: .init(36)), input: [1, 1, 36, 48], output: [1, 1, 36, 48])
    #expect(taps.rows == 1..<2 && taps.columns == 0..<3 && taps.window.padding.top == 0 && !taps.isWhole)
  }

  /// A convolution that reads its own step's output would be in its own group.
  @Test func sharedWeightsInARowAreNotJoined() throws {
    let kernels = try kernels([1, 16, 5, 5]) { graph, x, random in
      let shared = weight(&graph, [16, 16, 1, 1], &random)
      let first = graph.add(Convolution(), name: "c0", [x, shared])
      return [graph.add(Convolution(), name: "c1", [first, shared])]
    }
    #expect(kernels.filter { $0 == "convolution scalar" }.count == 2)
  }
}
