import MTLGraph
import TestSupport
import Testing

@testable import MTLGraph

/// Which values get bytes, and what becomes of the convolutions that read them.
struct QuantizeTests {
  private var random = SeededRandom(seed: 5)

  private static func grid(_ scale: Float = 0.02, zeroPoint: UInt8 = 100) throws -> ByteGrid {
    try #require(ByteGrid(scale: scale, zeroPoint: zeroPoint))
  }

  /// x (3) - first (16) - relu - pool - second (16) - out, and relu - third (16) - other.
  private func network(outputs: [String] = ["out", "other"]) throws -> Graph {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let first = graph.convolution("first", x, 3, 16, bias: true, &random)
    let relu = graph.add(Relu(), name: "relu", [first])
    let pool = graph.add(MaxPool(Window(kernel: .init(2), stride: .init(2))), name: "pool", [relu])
    let second = graph.convolution("second", pool, 16, 16, bias: true, &random)
    let third = graph.convolution("third", relu, 16, 16, &random)
    graph.addOutput(outputs[0], second)
    graph.addOutput(outputs[1], third)
    return graph
  }

  /// And colour pictures.
  @Test func sitesAreWhatConvolutionsOfManyChannelsRead() throws {
    let sites = try network().quantizationSites()
    #expect(sites.map(\.name) == ["input x", "relu"] && sites.map(\.isPicture) == [true, false])
    #expect(sites[1].readers.map(\.name) == ["second", "third"])
  }

  @Test func readersReadTheRoundedValue() throws {
    let graph = try network()
    let quantized = try graph.quantized(by: QuantizationTable(grids: ["relu": try Self.grid()]))
    #expect(quantized.names == ["first", "relu", "relu quantized", "pool", "second", "third"])
    let rounded = quantized.nodes[2].outputs[0]
    #expect(quantized.nodes[3].inputs == [rounded])
    #expect(quantized.nodes[5].inputs[0] == rounded)
    for index in [4, 5] {
      let node = quantized.nodes[index]
      #expect(node.inputs.count == 4)
      #expect(quantized.constants[node.inputs[1]]?.type == .int8)
    }
    // The layer in front of it reads three channels, and keeps its weights.
    #expect(quantized.constants[quantized.nodes[0].inputs[1]]?.type == .float32)
  }

  @Test func answersAreNearTheFloats() throws {
    let graph = try network()
    var random = random
    let input = random.tensor([1, 3, 8, 8])
    let grid = try #require(ByteGrid(covering: 0, 12))
    let exact = try graph.evaluate([input])
    let rounded = try graph.quantized(by: QuantizationTable(grids: ["relu": grid])).evaluate([input])
    for (a, b) in zip(exact, rounded) {
      let (a, b) = (try a.floats(), try b.floats())
      let largest = a.map(\.magnitude).max() ?? 0
      #expect(zip(a, b).allSatisfy { ($0 - $1).magnitude < 0.03 * largest })
      #expect(a != b)
    }
  }

  @Test func whatIsNotInBytesIsBFloat16() throws {
    let graph = try network()
    let rounded = try graph.quantized(by: QuantizationTable(isBFloat16: true))
    #expect(rounded.names == ["first", "relu", "relu rounded", "pool", "second", "third"])
    #expect(rounded.nodes[2].operation is RoundToBFloat16)
    #expect(
      rounded.nodes[3].inputs == rounded.nodes[2].outputs && rounded.nodes[5].inputs[0] == rounded.nodes[3].inputs[0])
    #expect(rounded.withoutBFloat16().names == graph.names)
    // Beside bytes, the layer that is no layer of bytes reads them rounded once more.
    let table = QuantizationTable(grids: ["relu": try Self.grid()], floatNodes: ["second"], isBFloat16: true)
    let mixed = try graph.quantized(by: table)
    #expect(mixed.names == ["first", "relu", "relu quantized", "pool", "second rounded", "second", "third"])
    #expect(mixed.constants[mixed.nodes[5].inputs[1]]?.type == .float32)
    #expect(mixed.constants[mixed.nodes[6].inputs[1]]?.type == .int8)
  }

  /// Filters of one channel multiply bytes, but are no reason for bfloat16.
  @Test func depthwiseLayersReadBytes() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let wide = graph.convolution("wide", x, 3, 32, bias: true, &random)
    let filters = graph.addConstant(random.tensor([32, 1, 3, 3]))
    let each = graph.add(Convolution(padding: .init(1), groups: 32), name: "each", [wide, filters])
    graph.addOutput("out", graph.convolution("narrow", each, 32, 16, &random))
    #expect(graph.quantizationSites().map(\.name) == ["input x", "wide", "each"])
    let grid = try Self.grid()
    let bytes = try graph.quantized(by: QuantizationTable(grids: ["wide": grid, "each": grid]))
    #expect(bytes.names == ["wide", "wide quantized", "each", "each quantized", "narrow"])
    #expect(bytes.constants[bytes.nodes[2].inputs[1]]?.type == .int8)
    let halves = try graph.quantized(by: QuantizationTable(isBFloat16: true))
    #expect(halves.names == ["wide", "each", "each rounded", "narrow"])
    let mixed = try graph.quantized(
      by: QuantizationTable(grids: ["wide": grid], floatNodes: ["each"], isBFloat16: true))
    #expect(mixed.names == ["wide", "wide quantized", "each", "each rounded", "narrow"])
    #expect(mixed.constants[mixed.nodes[2].inputs[1]]?.type == .float32)
  }

  /// Groups and transposed convolutions multiply bytes, and are no reason for bfloat16 either. Steps are those of outputs,
  /// which the weights of a transposed convolution have along their second axis, group by group.
  @Test func groupsAndTransposedLayersReadBytes() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let wide = graph.convolution("wide", x, 3, 32, &random)
    let grouped = graph.add(
      Convolution(padding: .init(1), groups: 4), name: "grouped",
      [wide, graph.addConstant(random.tensor([24, 8, 3, 3]))])
    let filters = graph.addConstant(random.tensor([24, 5, 2, 2]))
    graph.addOutput(
      "out", graph.add(ConvolutionTranspose(stride: .init(2), groups: 2), name: "up", [grouped, filters]))
    #expect(graph.quantizationSites().map(\.name) == ["input x", "wide", "grouped"])
    let grid = try Self.grid()
    let correction = (0..<10).map { Float($0) }
    let quantized = try graph.quantized(
      by: QuantizationTable(grids: ["wide": grid, "grouped": grid], biasCorrections: ["up": correction]))
    #expect(quantized.names == ["wide", "wide quantized", "grouped", "grouped quantized", "up"])
    #expect(try graph.quantized(by: QuantizationTable(isBFloat16: true)).names == graph.names)
    let up = quantized.nodes[4].inputs
    #expect(try #require(quantized.constants[up[2]]).floats() == correction)
    let steps = try #require(quantized.constants[up[3]]).floats()
    let codes = try #require(quantized.constants[up[1]])
    #expect(codes.type == .int8 && codes.shape == [24, 5, 2, 2] && steps.count == 10)
    let (numbers, weights) = (codes.integers(), try #require(graph.constants[filters]).numbers())
    var largest = [Int](repeating: 0, count: 10)
    for place in numbers.indices {
      let output = place / 20 / 12 * 5 + place / 4 % 5
      largest[output] = max(largest[output], abs(numbers[place]))
      #expect(abs(Float(numbers[place]) * steps[output] - weights[place]) <= steps[output] * 0.5001)
    }
    #expect(largest == [Int](repeating: 127, count: 10))
  }

  /// What slices of a value attend with is rounded as a whole; constants and bytes are rounded in front of the attention, and
  /// the operands of an inverted one not at all.
  @Test func attentionsReadBFloat16() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let packed = graph.convolution("packed", x, 3, 32, &random)
    let parts = (0..<2).map { graph.add(Slice(start: 16 * $0, end: 16 * $0 + 16), name: "slice", [packed]) }
    let queries = graph.addConstant(random.tensor([1, 16, 1, 5]))
    let y = graph.add(Attention(heads: 2), name: "attention", [queries] + parts)
    let other = graph.convolution("other", x, 3, 16, &random)
    graph.addOutput("z", graph.add(Attention(heads: 2, isInverted: true), name: "inverted", [queries, other, other]))
    graph.addOutput("y", y)
    let rounded = try graph.quantized(by: QuantizationTable(isBFloat16: true))
    #expect(
      rounded.names == [
        "packed", "packed rounded", "slice", "slice", "attention rounded", "attention", "other", "inverted",
      ])
    #expect(rounded.countOfAttentions() == (1, 2) && graph.countOfAttentions() == (0, 2))
    #expect(rounded.withoutBFloat16().names == graph.names)
    // A value that a convolution of bytes reads as well.
    _ = graph.addOutput("w", graph.convolution("bytes", packed, 32, 2, &random))
    let mixed = try graph.quantized(by: QuantizationTable(grids: ["packed": try Self.grid()], isBFloat16: true))
    #expect(
      mixed.names == [
        "packed", "packed quantized", "slice", "slice", "attention rounded", "attention rounded", "attention rounded",
        "attention", "other", "inverted", "bytes",
      ])
    #expect(mixed.countOfAttentions() == (1, 2))
  }

  /// A concatenation is rounded part by part, to whatever a convolution reads it in.
  @Test func attentionsReadConcatenations() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let parts = ["left", "right"].map { graph.convolution($0, x, 3, 16, &random) }
    let whole = graph.add(Concat(axis: 1), name: "concat", parts)
    graph.addOutput("y", graph.add(Attention(heads: 1), name: "attention", [whole, whole, whole]))
    graph.addOutput("w", graph.convolution("head", whole, 32, 2, &random))
    let table = QuantizationTable(grids: ["concat": try Self.grid()], isBFloat16: true)
    let rounded = try graph.quantized(by: table)
    #expect(
      rounded.names == [
        "left", "right", "concat quantized", "concat quantized", "concat", "attention rounded", "attention", "head",
      ])
    #expect(rounded.constants[rounded.nodes[7].inputs[1]]?.type == .int8)
    #expect(rounded.nodes[7].inputs[0] == rounded.nodes[4].outputs[0])
  }

  @Test func outputsStayFloats() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let features = graph.convolution("features", x, 16, 16, &random)
    graph.addOutput("features", features)
    graph.addOutput("head", graph.convolution("head", features, 16, 2, &random))
    let sites = graph.quantizationSites()
    #expect(sites.map(\.name) == ["input x", "features"])
    let table = QuantizationTable(grids: ["input x": try Self.grid(), "features": try Self.grid()])
    let quantized = try graph.quantized(by: table)
    #expect(quantized.names == ["input x quantized", "features", "features quantized", "head"])
    #expect(quantized.outputs.map(\.value) == graph.outputs.map(\.value))
  }

  @Test func concatenationsAreRoundedPartByPart() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let left = graph.convolution("left", x, 3, 16, &random)
    let right = graph.convolution("right", x, 3, 8, &random)
    let joined = graph.add(Concat(axis: 1), name: "joined", [left, right, left])
    graph.addOutput("y", graph.convolution("last", joined, 40, 4, &random))
    #expect(graph.quantizationSites().map(\.name) == ["input x", "joined"])
    let grid = try Self.grid()
    let quantized = try graph.quantized(by: QuantizationTable(grids: ["joined": grid]))
    #expect(quantized.names == ["left", "right", "joined quantized", "joined quantized", "joined", "last"])
    #expect(quantized.nodes[4].inputs[0] == quantized.nodes[4].inputs[2])
    #expect(quantized.constants[quantized.nodes[5].inputs[1]]?.type == .int8)
  }

  @Test func layersOfOneNameAreNumbered() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let weight = graph.addConstant(random.tensor([16, 16, 1, 1]))
    let one = graph.add(Convolution(), name: "shared", [x, weight])
    let two = graph.add(Convolution(), name: "shared", [one, weight])
    graph.addOutput("y", graph.add(Convolution(), name: "shared", [two, weight]))
    let sites = graph.quantizationSites()
    #expect(sites.map(\.name) == ["input x", "shared", "shared #2"])
    #expect(sites.flatMap(\.readers).map(\.name) == ["shared", "shared #2", "shared #3"])
    let table = QuantizationTable(
      grids: ["shared": try Self.grid(), "shared #2": try Self.grid()], floatNodes: ["shared #2"])
    let quantized = try graph.quantized(by: table)
    let layers = quantized.nodes.filter { $0.operation is Convolution }
    #expect(layers.map { quantized.constants[$0.inputs[1]]?.type } == [.float32, .float32, .int8])
  }

  @Test func sharedWeightsStayShared() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let weight = graph.addConstant(random.tensor([16, 16, 1, 1]))
    let one = graph.add(Convolution(), name: "one", [x, weight])
    let two = graph.add(Convolution(), name: "two", [x, weight])
    graph.addOutput("a", one)
    graph.addOutput("b", two)
    let quantized = try graph.quantized(by: QuantizationTable(grids: ["input x": try Self.grid()]))
    #expect(quantized.nodes[1].inputs == quantized.nodes[2].inputs)
  }

  @Test func factorsOfFoldedNormalizationsAreKept() throws {
    var (graph, random) = (Graph(), random)
    let x = graph.addInput("x")
    let layer = graph.convolution("layer", x, 16, 16, &random)
    graph.addOutput("y", graph.normalization("norm", layer, 16, &random))
    let simple = try graph.simplified()
    let factors = try #require(simple.constants[simple.nodes[0].inputs[3]]).floats()
    let weight = try #require(simple.constants[simple.nodes[0].inputs[1]])
    let quantized = try simple.quantized(by: QuantizationTable(grids: ["input x": try Self.grid()]))
    let scales = try #require(quantized.constants[quantized.nodes[1].inputs[3]]).floats()
    #expect(zip(try QuantizedWeights(weight, of: "w").scales, factors).map { $0 * $1 } == scales)
    #expect(factors.contains { $0 < 0 } && zip(factors, scales).allSatisfy { ($0 < 0) == ($1 < 0) })
  }

  @Test func correctionsAreAddedToTheBias() throws {
    let graph = try network()
    let correction = (0..<16).map { Float($0) }
    let table = QuantizationTable(grids: ["relu": try Self.grid()], biasCorrections: ["third": correction])
    let quantized = try graph.quantized(by: table)
    #expect(try #require(quantized.constants[quantized.nodes[5].inputs[2]]).floats() == correction)
    var short = table
    short.biasCorrections["third"] = [1]
    #expect(
      throws: MTLError(
        .badFormat, "quantization of 'third'", expected: "16 finite numbers to add", found: "1")
    ) { try graph.quantized(by: short) }
  }

  @Test func theSharedRepresentationIsHandedOutUnrounded() throws {
    let quantized = try network().quantized(by: QuantizationTable(grids: ["relu": try Self.grid()]))
    let encoder = try #require(quantized.encoder())
    #expect(encoder.names == ["first", "relu"])
    #expect(encoder.outputs.map(\.name) == ["relu"])
  }

  @Test func tablesOfOtherNetworksAreRefused() throws {
    let grid = try Self.grid()
    let table = QuantizationTable(grids: ["relu": grid, "a": grid, "b": grid, "c": grid, "d": grid])
    #expect(
      throws: MTLError(
        .badFormat, "quantization", expected: "values of the network",
        found: "4 that it does not have: 'a', 'b', 'c' ...")
    ) { try network().quantized(by: table) }
    #expect(throws: MTLError.self) {
      try network().quantized(by: QuantizationTable(grids: ["relu": grid], floatNodes: ["fourth"]))
    }
  }

  @Test func weightsFromBytesGiveTheSameBytes() throws {
    var random = random
    for seed in 0..<20 {
      let range = Float(seed + 1) * 0.013
      let quantized = try QuantizedWeights(random.tensor([40, 16, 3, 3], in: -range...range), of: "w")
      let codes = quantized.tensor.integers()
      let floats = codes.indices.map { Float(codes[$0]) * quantized.scales[$0 / 144] }
      let again = try QuantizedWeights(Tensor(floats, shape: [40, 16, 3, 3]), of: "w")
      #expect(again.tensor.integers() == codes)
      #expect(again.scales == quantized.scales)
      #expect(codes.max { $0.magnitude < $1.magnitude }?.magnitude == 127)
    }
  }

  @Test func weightsWithoutAStep() throws {
    let weights = Tensor([0, 0, 1e-40, -1e-41, 254, -1], shape: [3, 2])
    let quantized = try QuantizedWeights(weights, of: "w")
    #expect(quantized.scales == [1, 1, 2])
    #expect(quantized.tensor.integers() == [0, 0, 0, 0, 127, 0])
    for bad in [Float.nan, .infinity] {
      #expect(throws: MTLError(.unsupported, "w", "has weights that are no finite numbers")) {
        try QuantizedWeights(Tensor([1, bad], shape: [1, 2]), of: "w")
      }
    }
  }
}
