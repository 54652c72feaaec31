import MTLEngine
import MTLGraph
import TestSupport
import Testing

@testable import MTLQuantize

/// From inputs to a table, and what a network that follows it answers.
struct CalibrationTests {
  private static let shape: Shape = [1, 3, 12, 10]

  /// Three convolutions, a pooling, a concatenation and two outputs.
  private static func network() -> Graph {
    var (graph, random) = (Graph(), SeededRandom(seed: 11))
    func layer(_ name: String, _ input: ValueID, _ inputs: Int, _ outputs: Int) -> ValueID {
      let range = 1.7 / Float(inputs * 9).squareRoot()
      let weight = graph.addConstant(random.tensor([outputs, inputs, 3, 3], in: -range...range))
      let bias = graph.addConstant(random.tensor([outputs], in: -0.2...0.2))
      return graph.add(Convolution(padding: .init(1)), name: name, [input, weight, bias])
    }
    func relu(_ value: ValueID) -> ValueID { graph.add(Relu(), name: "relu", [value]) }
    let first = relu(layer("first", graph.addInput("x"), 3, 24))
    let pool = graph.add(MaxPool(Window(kernel: .init(2), stride: .init(2))), name: "pool", [first])
    let (left, right) = (relu(layer("left", pool, 24, 16)), layer("right", pool, 24, 20))
    let joined = graph.add(Concat(axis: 1), name: "joined", [left, right])
    graph.addOutput("a", layer("a", joined, 36, 5))
    graph.addOutput("b", layer("b", first, 24, 3))
    return graph
  }

  private static func input(_ number: Int) -> Tensor {
    var random = SeededRandom(seed: UInt64(100 + number))
    return random.tensor(shape)
  }

  private static func table(
    _ graph: Graph, inputCount: Int = 8, threads: Int = 1, inputs: Calibration.Inputs = input
  ) throws(MTLError) -> QuantizationTable {
    try Calibration(graph, pool: ThreadPool(width: threads)).table(inputCount: inputCount, inputs: inputs)
  }

  /// Largest difference of two answers in relation to the largest number.
  private static func distance(_ left: [Tensor], _ right: [Tensor]) throws -> Float {
    var (difference, largest) = (Float(0), Float(0))
    for (a, b) in zip(left, right) {
      let (a, b) = (try a.floats(), try b.floats())
      difference = max(difference, zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0)
      largest = max(largest, a.map(\.magnitude).max() ?? 0)
    }
    return difference / largest
  }

  @Test func answersStayNear() throws {
    let graph = Self.network()
    let table = try Self.table(graph)
    #expect(table.grids.keys.sorted() == ["input x", "joined", "relu"])
    #expect(table.biasCorrections.mapValues(\.count) == ["first": 24, "left": 16, "right": 20, "a": 5, "b": 3])
    let quantized = try graph.quantized(by: table)
    for number in 50..<54 {
      let input = Self.input(number)
      #expect(try Self.distance(graph.evaluate([input]), quantized.evaluate([input])) < 0.04)
    }
  }

  /// Groups, and transposed convolutions, whose outputs are a weight's second axis.
  @Test func groupsAndTransposedConvolutionsStayNear() throws {
    var (graph, random) = (Graph(), SeededRandom(seed: 12))
    func constant(_ shape: Shape, _ inputs: Int) -> ValueID {
      let range = 1.7 / Float(inputs).squareRoot()
      return graph.addConstant(random.tensor(shape, in: -range...range))
    }
    let x = graph.addInput("x")
    let wide = graph.add(Convolution(padding: .init(1)), name: "wide", [x, constant([32, 3, 3, 3], 27)])
    let grouped = graph.add(
      Convolution(padding: .init(1), groups: 4), name: "grouped", [wide, constant([48, 8, 3, 3], 72)])
    let relu = graph.add(Relu(), name: "relu", [grouped])
    graph.addOutput(
      "y",
      graph.add(
        ConvolutionTranspose(stride: .init(2), groups: 2), name: "up",
        [relu, constant([48, 5, 2, 2], 24), graph.addConstant(random.tensor([10]))]))
    let table = try Self.table(graph)
    #expect(table.grids.keys.sorted() == ["input x", "relu", "wide"])
    #expect(table.biasCorrections.mapValues(\.count) == ["wide": 32, "grouped": 48, "up": 10])
    let quantized = try graph.quantized(by: table)
    for number in 50..<54 {
      let input = Self.input(number)
      #expect(try Self.distance(graph.evaluate([input]), quantized.evaluate([input])) < 0.04)
    }
  }

  @Test func meansAreKept() throws {
    let graph = Self.network()
    var table = try Self.table(graph)
    func shift(_ table: QuantizationTable) throws -> Double {
      let quantized = try graph.quantized(by: table)
      var sums = [Double](repeating: 0, count: 5)
      for number in 0..<8 {
        let exact = try graph.evaluate([Self.input(number)])[0].floats()
        let rounded = try quantized.evaluate([Self.input(number)])[0].floats()
        for index in exact.indices { sums[index / (exact.count / 5)] += Double(rounded[index] - exact[index]) }
      }
      return sums.map { $0 * $0 }.reduce(0, +)
    }
    let corrected = try shift(table)
    table.biasCorrections = [:]
    #expect(try corrected < shift(table) / 4)
  }

  @Test func threadsAndRepetitionsChangeNothing() throws {
    let graph = Self.network()
    let table = try Self.table(graph)
    #expect(try Self.table(graph) == table)
    #expect(try Self.table(graph, threads: 3) == table)
  }

  @Test func progressCountsAllRuns() throws {
    var seen: [Int] = []
    var totals: Set<Int> = []
    _ = try Calibration(Self.network(), pool: ThreadPool(width: 1)).table(
      inputCount: 30, inputs: Self.input,
      progress: { done, total in
        seen.append(done)
        totals.insert(total)
      })
    #expect(seen == Array(1...2 * (30 + Calibration.comparedCount)))
    #expect(totals == [seen.count])
  }

  @Test func strangeNumbersAreNamed() throws {
    #expect(throws: MTLError(.badFormat, "calibration", "an input makes 'input x' infinite or no number")) {
      try Self.table(Self.network()) { number in
        var values = (try? Self.input(number).floats()) ?? []
        if number == 5 { values[7] = .infinity }
        return Tensor(values, shape: Self.shape)
      }
    }
  }

  @Test func networksWithoutSites() throws {
    var graph = Graph()
    graph.addOutput("y", graph.add(Relu(), name: "relu", [graph.addInput("x")]))
    #expect(throws: MTLError.self) { try Calibration(graph, pool: ThreadPool(width: 1)) }
    _ = graph.addInput("z")
    #expect(throws: MTLError(.unsupported, "quantization", expected: "a network of one input", found: "2")) {
      try Calibration(graph, pool: ThreadPool(width: 1))
    }
    #expect(throws: MTLError(.invalidArgument, "calibration", "has no inputs")) {
      try Self.table(Self.network(), inputCount: 0)
    }
  }

  @Test func whatIsAlwaysZeroStaysAFloat() throws {
    var (graph, random) = (Graph(), SeededRandom(seed: 3))
    let weight = graph.addConstant(Tensor([Float](repeating: 0, count: 48), shape: [16, 3, 1, 1]))
    let dead = graph.add(Convolution(), name: "dead", [graph.addInput("x"), weight])
    let other = graph.addConstant(random.tensor([2, 16, 1, 1]))
    graph.addOutput("y", graph.add(Convolution(), name: "last", [dead, other]))
    let table = try Self.table(graph)
    #expect(table.grids.keys.sorted() == ["input x"])
    #expect(try graph.quantized(by: table).nodes.count == 3)
  }
}
