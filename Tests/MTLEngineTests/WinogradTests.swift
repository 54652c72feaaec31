import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

/// Against the graph's evaluation, on every set, 1 and 3 threads; all threads and vector sets give the same bytes.
@Suite("Winograd's convolution") struct WinogradTests {
  private func kernels(
    _ shape: Shape, seed: UInt64, _ build: (inout Graph, ValueID, inout SeededRandom) -> [ValueID]
  ) throws -> [String] {
    var random = SeededRandom(seed: seed)
    var graph = Graph()
    for (index, output) in build(&graph, graph.addInput("x"), &random).enumerated() {
      graph.addOutput("y\(index)", output)
    }
    let input = random.tensor(shape)
    let expected = try graph.evaluate([input])
    let network = try Network(graph)
    var first: [[UInt32]]?
    for isa in InstructionSet.allCases where isa <= .detected {
      for threads in [1, 3] {
        let session = Session(testing: network, threads: threads, isa: isa)
        _ = try session.run(input)
        let found = try session.run(input)
        for (one, other) in zip(found, expected) {
          #expect(try one.largestDifference(from: other) <= 2e-5, "\(isa), \(threads) threads")
        }
        guard isa != .scalar else { continue }
        #expect(try bits(found) == first ?? bits(found), "\(isa), \(threads) threads")
        first = try bits(found)
      }
    }
    let session = Session(testing: network, isa: .scalar)
    let plan = try session.planDescription(inputShape: shape, tasks: Array(graph.outputs.indices))
    return plan.map(\.kernel).filter { $0 != "layout" }
  }

  private func convolution(
    _ graph: inout Graph, _ x: ValueID, _ channels: (inputs: Int, outputs: Int), _ operation: Convolution,
    _ random: inout SeededRandom
  ) -> ValueID {
    let shape: Shape = [channels.outputs, channels.inputs, 3, 3]
    let scale = 1 / Float(9 * channels.inputs).squareRoot()
    let weight = graph.addConstant(random.tensor(shape, in: -scale...scale))
    return graph.add(
      operation, name: "conv", [x, weight, graph.addConstant(random.tensor([channels.outputs]))])
  }

  /// Sizes, dilations and channels at random, with each kind of epilogue.
  @Test(arguments: 0..<15) func convolutions(_ number: Int) throws {
    var random = SeededRandom(seed: UInt64(number))
    let (rows, columns) = (random.integer(14...23), random.integer(14...25))
    let channels = (inputs: random.integer(17...50), outputs: random.integer(32...70))
    let dilation = Window.Pair(random.integer(1...random.pick([2, 9])), random.integer(1...random.pick([2, 9])))
    let padding = Window.Padding(
      top: dilation.rows, left: dilation.columns, bottom: dilation.rows, right: dilation.columns)
    let activations: [any Operator] = [Relu(), LeakyRelu(slope: 0.1), Sigmoid(), Tanh(), Identity()]
    let kernels = try kernels([random.integer(1...3), channels.inputs, rows, columns], seed: UInt64(number)) {
      graph, x, random in
      var y = convolution(&graph, x, channels, Convolution(dilation: dilation, padding: padding), &random)
      y = graph.add(activations[number % 5], name: "activation", [y])
      guard number % 3 > 0 else { return [y] }
      let weight = random.tensor([channels.outputs, channels.inputs, 1, 1], in: -0.1...0.1)
      let other = graph.add(Convolution(), name: "other", [x, graph.addConstant(weight)])
      let pool = graph.add(MaxPool(Window(kernel: .init(1))), name: "pool", [other])
      y = graph.add(number % 3 == 1 ? Add() : Mul(), name: "join", [y, pool])
      return [graph.add(Relu(), name: "last", [y])]
    }
    // Of some with large dilations the direct kernel skips too many taps.
    guard max(dilation.rows, dilation.columns) <= 2 else { return }
    #expect(kernels.contains { $0.hasPrefix("winograd convolution scalar") }, "\(kernels)")
  }

  /// A part with few outputs goes the direct way, beside its siblings.
  @Test func siblings() throws {
    let kernels = try kernels([2, 33, 15, 17], seed: 1) { graph, x, random in
      [48, 5, 33].map { outputs in
        let y = convolution(&graph, x, (33, outputs), Convolution(padding: .init(1)), &random)
        return graph.add(Relu(), name: "relu", [y])
      }
    }
    #expect(
      kernels == ["winograd convolution scalar + relu, 2 siblings on one input", "convolution scalar + relu"])
  }

  @Test func oneWeightForSeveralInputs() throws {
    let kernels = try kernels([1, 40, 13, 16], seed: 2) { graph, x, random in
      let masks = (0..<3).map { graph.add(LeakyRelu(slope: Float($0) / 7), name: "m\($0)", [x]) }
      let shared = graph.addConstant(random.tensor([70, 40, 3, 3], in: -0.1...0.1))
      return masks.map { graph.add(Convolution(padding: .init(1)), name: "c", [$0, shared]) }
    }
    #expect(kernels.last == "winograd convolution scalar, one weight for 3 inputs")
  }

  /// Exactly what the direct kernels give, also where sums are as large as weights and bytes can make them.
  @Test(arguments: 0..<24) func bytes(_ number: Int) throws {
    var random = SeededRandom(seed: UInt64(number))
    let (rows, columns) = (random.integer(12...30), random.integer(12...40))
    // Groups see whole blocks of channels, halves of them, or what is in the middle.
    let groups = number % 5 == 1 ? random.pick([2, 4]) : 1
    let inputs = number % 4 == 0 ? 640 : groups > 1 ? random.pick([96, 128, 192, 256]) : random.integer(32...200)
    let dilation = Window.Pair(
      random.integer(1...random.pick([1, 3, 12])), random.integer(1...random.pick([1, 3, 12])))
    let padding = Window.Padding(
      top: dilation.rows, left: dilation.columns, bottom: dilation.rows, right: dilation.columns)
    var graph = Graph()
    let zeroPoint = random.pick([0, 0, 128, 255, UInt8(random.integer(0...255))])
    let grid = try #require(ByteGrid(scale: 0.125, zeroPoint: zeroPoint))
    let x = graph.add(FakeQuantize(grid: grid), name: "grid", [graph.addInput("x")])
    for name in 0..<random.integer(1...2) {
      let outputs = groups > 1 ? groups * random.pick([16, 24, 32]) : random.integer(16...70)
      let shape: Shape = [outputs, inputs / groups, 3, 3]
      let weights = (0..<shape.elementCount).map { _ in
        number % 8 == 0 ? 127 : number % 8 == 4 ? -128 : random.integer(-128...127)
      }
      let scales = random.floats(outputs, in: 0.00001...0.0001)
      var y = graph.add(
        Convolution(dilation: dilation, padding: padding, groups: groups), name: "conv\(name)",
        [
          x, graph.addConstant(Tensor(weights, as: .int8, shape: shape)), graph.addConstant(random.tensor([outputs])),
          graph.addConstant(Tensor(scales, shape: [outputs])),
        ])
      y = graph.add(Relu(), name: "relu\(name)", [y])
      if random.once(in: 2) { y = graph.add(FakeQuantize(grid: grid), name: "bytes\(name)", [y]) }
      graph.addOutput("y\(name)", y)
    }
    let shape: Shape = [random.integer(1...2), inputs, rows, columns]
    let values = (0..<shape.elementCount).map { _ in Float(number % 4 == 0 ? 1000 : random.integer(-400...400)) / 8 }
    let network = try Network(graph)
    var expected: [[UInt32]]?
    for kernels in KernelSet.verified {
      for threads in [1, 3] {
        let session = Session(testing: network, threads: threads, isa: kernels.instructionSet)
        let found = try bits(session.run(Tensor(values, shape: shape)))
        #expect(found == expected ?? found, "\(kernels.instructionSet), \(threads) threads")
        expected = found
        let plan = try session.planDescription(inputShape: shape, tasks: Array(graph.outputs.indices))
        let usesTiles = plan.contains { $0.kernel.hasPrefix("winograd int8 convolution") }
        // Of some with large dilations the direct kernel skips too many taps.
        guard max(dilation.rows, dilation.columns) <= 2, groups == 1 else { continue }
        let tileCost = unsafe kernels.functions.pointee.tile_cost
        if tileCost <= 1 { #expect(usesTiles == (tileCost == 1)) }
      }
    }
  }

  /// Convolutions side by side whose inputs have other numbers outside the image.
  @Test(arguments: [[0, 128], [128, 0], [0, 0], [7, 0, 7]] as [[UInt8]]) func bytesSideBySide(_ zeroPoints: [UInt8])
    throws
  {
    var random = SeededRandom(seed: 17)
    let (shape, weightShape): (Shape, Shape) = ([1, 128, 36, 24], [48, 128, 3, 3])
    var graph = Graph()
    let x = graph.addInput("x")
    for zeroPoint in zeroPoints {
      let grid = try #require(ByteGrid(scale: 0.125, zeroPoint: zeroPoint))
      let bytes = graph.add(FakeQuantize(grid: grid), name: "grid", [x])
      let weights = (0..<weightShape.elementCount).map { _ in random.integer(-128...127) }
      let scale = Tensor([Float](repeating: 0.0001, count: 48), shape: [48])
      let window = Convolution(dilation: .init(18, 1), padding: .init(top: 18, left: 1, bottom: 18, right: 1))
      let y = graph.add(
        window, name: "conv",
        [
          bytes, graph.addConstant(Tensor(weights, as: .int8, shape: weightShape)),
          graph.addConstant(random.tensor([48])), graph.addConstant(scale),
        ])
      graph.addOutput("y", y)
    }
    let network = try Network(graph)
    let input = Tensor(random.floats(shape.elementCount, in: -16...16), shape: shape)
    let expected = try bits(Session(testing: network, isa: .scalar).run(input))
    for kernels in KernelSet.verified {
      let found = try bits(Session(testing: network, isa: kernels.instructionSet).run(input))
      #expect(found == expected, "\(kernels.instructionSet)")
    }
  }

  @Test func geometryDecides() {
    func forms(
      _ rows: Int32, _ columns: Int32, dilation: Int32, inputs: Int32 = 512, outputs: Int32 = 512, isExact: Bool = false
    ) -> [[Int]] {
      var window = mtlk_window()
      (window.input_rows, window.input_columns, window.output_rows, window.output_columns) = (
        rows, columns, rows, columns
      )
      (window.input_blocks, window.input_lane) = ((inputs + 15) / 16, 16)
      (window.output_blocks, window.output_channels) = ((outputs + 15) / 16, outputs)
      (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (3, 3, 1, 1)
      (window.dilation_rows, window.dilation_columns) = (dilation, dilation)
      (window.padding_top, window.padding_left) = (dilation, dilation)
      (window.padding_bottom, window.padding_right) = (dilation, dilation)
      return WinogradGrid.grids(window, isExact: isExact).map {
        [Int($0.rows.form), Int($0.columns.form), $0.tileCount]
      }
    }
    #expect(forms(36, 48, dilation: 1) == [[4, 4, 108]])
    #expect(forms(36, 48, dilation: 1, isExact: true) == [[2, 2, 432]])
    #expect(forms(36, 48, dilation: 4) == [[3, 4, 144]])
    #expect(forms(36, 48, dilation: 12) == [[3, 4, 144]])
    // Rows 0 to 11 have a partner 24 rows below, the others none.
    #expect(
      forms(36, 48, dilation: 24) == [[MTLK_TILE_PAIR, MTLK_TILE_PAIR, 288], [MTLK_TILE_1, MTLK_TILE_PAIR, 288]])
    #expect(forms(14, 14, dilation: 1) == [[4, 4, 16]])
    #expect(forms(3, 3, dilation: 1).isEmpty)
    #expect(forms(36, 48, dilation: 1, inputs: 16).isEmpty && forms(36, 48, dilation: 1, outputs: 31).isEmpty)
  }

  /// What lies outside the image counts where its byte is not 0.
  @Test func zeroPointsDecide() {
    func forms(
      _ dilation: Int32, inputs: Int = 512, groups: Int = 1, hasZerosOutside: Bool = true, tileCost: Int32 = 1
    ) -> [[Int]] {
      let slices = ChannelSlices(groups: groups, inputs: inputs, outputs: 128, reach: 4)
      var window = mtlk_window()
      (window.input_rows, window.input_columns, window.output_rows, window.output_columns) = (36, 48, 36, 48)
      (window.input_blocks, window.input_lane) = (Int32(slices.inputBlocks), 64)
      (window.output_blocks, window.output_channels) = (8, 128)
      (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (3, 3, 1, 1)
      (window.dilation_rows, window.dilation_columns) = (dilation, dilation)
      (window.padding_top, window.padding_left) = (dilation, dilation)
      (window.padding_bottom, window.padding_right) = (dilation, dilation)
      return WinogradGrid.byteGrids(
        window, slices, imageBlocks: (inputs + 63) / 64, hasZerosOutside: hasZerosOutside, tileCost: tileCost
      ).map { [Int($0.rows.form), Int($0.columns.form), $0.tileCount] }
    }
    let four = [[4, 4, 108]]
    #expect(forms(1) == four && forms(1, hasZerosOutside: false) == four)
    #expect(forms(1, inputs: 31).isEmpty && forms(1, tileCost: 0).isEmpty)
    // Dot products of bytes leave less to gain.
    #expect(forms(1, tileCost: 2) == four && forms(1, inputs: 64) == four)
    #expect(forms(1, inputs: 64, tileCost: 2).isEmpty)
    // Groups of whole blocks, of halves, and of less.
    #expect(forms(1, inputs: 256, groups: 4) == four && forms(1, inputs: 128, groups: 4) == four)
    #expect(forms(1, inputs: 64, groups: 4).isEmpty)
    #expect(forms(24) == [[MTLK_TILE_PAIR, MTLK_TILE_PAIR, 288], [MTLK_TILE_1, MTLK_TILE_PAIR, 288]])
    #expect(forms(24, hasZerosOutside: false) == [[2, 2, 576]])
  }
}
