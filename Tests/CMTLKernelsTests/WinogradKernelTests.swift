import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Winograd's convolution") struct WinogradKernelTests {
  @Test func everySetComputesTheSame() throws {
    var random = SeededRandom(seed: 91)
    var forms: Set<Int32> = []
    for number in 0..<configurationCount {
      let data = ConvolutionData(budget: 100_000, kind: .winograd, &random)
      let grids = mtlk_winograd.grids(data.window, &random)
      forms.formUnion(grids.flatMap { [$0.rows.form, $0.columns.form] })
      let cuts = grids.map { random.pieces(of: $0.tileCount) }
      let expected = data.runWhole(.scalar, guard: .behind)
      let magnitude = data.magnitudes().max() ?? 0
      var first: [Float]?
      for set in TestedSet.all {
        for side in MemoryGuard.allCases {
          let found = WinogradRun(data, grids, set, side).output(cuts)
          let isNear = zip(found, expected).allSatisfy { abs($0 - $1) <= 0x1p-17 * magnitude }
          #expect(isNear, "\(set.testDescription), \(number): \(data.window), \(grids)")
          guard set.isa != Int32(MTLK_SCALAR) else { continue }
          #expect(found.hasSameBits(as: first ?? found), "\(set.testDescription), \(number): \(data.window)")
          first = found
        }
      }
    }
    #expect(forms.sorted() == Array(Int32(MTLK_TILE_1)...Int32(MTLK_TILE_4)))
  }

  @Test(arguments: TestedSet.all) func everySplitGivesTheSameBytes(_ set: TestedSet) {
    var random = SeededRandom(seed: 92)
    for number in 0..<configurationCount {
      let data = ConvolutionData(budget: 50_000, kind: .winograd, &random)
      let grids = mtlk_winograd.grids(data.window, &random)
      let whole = WinogradRun(data, grids, set, .behind).output(grids.map { [0..<Int32($0.tileCount)] })
      let split = WinogradRun(data, grids, set, .before).output(grids.map { random.pieces(of: $0.tileCount) })
      #expect(split.hasSameBits(as: whole), "\(number): \(data.window)")
      #expect(!whole.contains { $0.isUntouched }, "\(number): \(data.window)")
    }
  }

  @Test func fillingChannelsStayZero() {
    var random = SeededRandom(seed: 93)
    for set in TestedSet.all {
      let data = ConvolutionData(budget: 30_000, specials: [.infinity, .nan], kind: .winograd, &random)
      let grids = mtlk_winograd.grids(data.window, &random)
      let pixels = Int(data.window.output_rows * data.window.output_columns)
      let result = WinogradRun(data, grids, set, .behind).output(grids.map { [0..<Int32($0.tileCount)] })
      for index in result.indices where index / (pixels * 16) * 16 + index % 16 >= data.outputChannels {
        #expect(result[index] == 0)
      }
    }
  }
}

/// One convolution by the two kernels of Winograd's, each in guarded memory.
private struct WinogradRun {
  private let data: ConvolutionData
  private let grids: [mtlk_winograd]
  private let set: TestedSet
  private let side: MemoryGuard

  init(_ data: ConvolutionData, _ grids: [mtlk_winograd], _ set: TestedSet, _ side: MemoryGuard) {
    (self.data, self.grids, self.set, self.side) = (data, grids, set, side)
  }

  /// `cuts` are pieces of each grid's tiles.
  func output(_ cuts: [[Range<Int32>]]) -> [Float] {
    let (input, weights) = (GuardedFloats(data.input, side), GuardedFloats(data.weights, side))
    let bias = GuardedFloats(data.bias, side)
    let operand = data.operand.map { GuardedFloats($0, side) }
    let output = GuardedFloats(untouched: data.outputCount, side)
    var window = data.window
    for (index, pieces) in cuts.enumerated() {
      var grid = grids[index]
      for tiles in pieces where !tiles.isEmpty {
        let count = Int64(tiles.count)
        let transformed = GuardedFloats(
          untouched: Int(window.input_blocks) * 16 * grid.positionCount * tiles.count, side)
        let scratch = GuardedFloats(untouched: Int(mtlk_winograd_input_scratch(grid, count)), side)
        unsafe set.kernels.pointee.winograd_input(
          &window, &grid, input.pointer, transformed.pointer, scratch.pointer, tiles.lowerBound, tiles.upperBound)
        let work = GuardedFloats(untouched: Int(mtlk_winograd_scratch(Int64(grid.positionCount), count)), side)
        let middle = window.output_blocks / 2
        for blocks in [0..<middle, middle..<window.output_blocks] {
          unsafe set.kernels.pointee.winograd_output(
            &window, &grid, transformed.pointer, weights.pointer, bias.pointer, operand?.pointer, output.pointer,
            work.pointer, blocks.lowerBound, blocks.upperBound, tiles.lowerBound, tiles.upperBound)
        }
      }
    }
    return output.elements
  }
}
