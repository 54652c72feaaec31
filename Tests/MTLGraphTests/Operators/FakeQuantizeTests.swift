import TestSupport
import Testing

@testable import MTLGraph

@Suite struct FakeQuantizeTests {
  static let scales: [Float] = [1, 0.5, 0.1, 0.003, 7, 1e-30, 1e30, 0x1p-126, 1.3e36]

  @Test(arguments: scales, [UInt8(0), 1, 128, 254, 255]) func everyCodeIsItsValues(_ scale: Float, _ zeroPoint: UInt8)
    throws
  {
    let grid = try #require(ByteGrid(scale: scale, zeroPoint: zeroPoint))
    for code in UInt8.min...UInt8.max {
      #expect(grid.code(of: grid.value(of: code)) == code)
      #expect(FakeQuantize(grid: grid).apply(grid.value(of: code)) == grid.value(of: code))
    }
    #expect(grid.value(of: zeroPoint) == 0)
  }

  /// Even before the zero point is added.
  @Test(arguments: [UInt8(0), 1, 3, 128, 255]) func halvesGoToTheEvenNeighbour(_ zeroPoint: UInt8) throws {
    let grid = try #require(ByteGrid(scale: 0.25, zeroPoint: zeroPoint))
    for step in -Int(zeroPoint)..<(255 - Int(zeroPoint)) {
      let even = step % 2 == 0 ? step : step + 1
      #expect(Int(grid.code(of: (Float(step) + 0.5) * 0.25)) == even + Int(zeroPoint), "\(step)")
      #expect(Int(grid.code(of: (Float(step) + 0.49) * 0.25)) == step + Int(zeroPoint), "\(step)")
      #expect(Int(grid.code(of: (Float(step) + 0.51) * 0.25)) == step + 1 + Int(zeroPoint), "\(step)")
    }
  }

  @Test func whatIsOutsideBecomesTheEnds() throws {
    let grid = try #require(ByteGrid(scale: 2, zeroPoint: 100))
    for value: Float in [-200, -200.1, -1e30, -.infinity, .nan, -.nan, .signalingNaN] {
      #expect(grid.code(of: value) == 0)
      #expect(FakeQuantize(grid: grid).apply(value) == -200)
    }
    for value: Float in [310, 310.1, 1e30, .greatestFiniteMagnitude, .infinity] {
      #expect(grid.code(of: value) == 255)
      #expect(FakeQuantize(grid: grid).apply(value) == 310)
    }
  }

  @Test func scalesThatAreNoSteps() {
    for scale: Float in [0, -0.0, -1, .nan, .infinity, -.infinity, 1e-39, .leastNonzeroMagnitude] {
      #expect(ByteGrid(scale: scale, zeroPoint: 3) == nil, "\(scale)")
    }
  }

  @Test func theNarrowestGridOfARange() throws {
    var random = SeededRandom(seed: 5)
    for _ in 0..<1000 {
      let size = random.pick([Float(1e-20), 0.01, 1, 300, 1e30])
      let ends = random.floats(2, in: -size...size).sorted()
      guard let grid = ByteGrid(covering: ends[0], ends[1]) else {
        Issue.record("no grid for \(ends)")
        continue
      }
      let (low, high) = (grid.value(of: 0), grid.value(of: 255))
      // Zero in its place moves the ends by half a step at most.
      #expect(low <= min(ends[0], 0) + grid.scale * 0.501 && high >= max(ends[1], 0) - grid.scale * 0.501, "\(ends)")
      #expect(high - low <= (max(ends[1], 0) - min(ends[0], 0)) * 1.001, "\(ends)")
    }
    #expect(ByteGrid(covering: 1, 3)?.zeroPoint == 0 && ByteGrid(covering: -3, -1)?.zeroPoint == 255)
    #expect(ByteGrid(covering: -1, 3)?.zeroPoint == 64)
    #expect(ByteGrid(covering: 0, 0) == nil && ByteGrid(covering: 0, .infinity) == nil)
    #expect(ByteGrid(covering: .nan, 1) == nil && ByteGrid(covering: -1, .nan) == nil)
    #expect(ByteGrid(covering: -.greatestFiniteMagnitude, .greatestFiniteMagnitude) != nil)
  }

  @Test func takesOneInputOfAnyShape() throws {
    let operation = FakeQuantize(grid: try #require(ByteGrid(scale: 1, zeroPoint: 10)))
    #expect(operation.refusal()?.problem == "expected 1 to 1 inputs, found 0")
    #expect(operation.refusal([2], [2])?.kind == .shapeMismatch)
    #expect(try operation.outputShapes([[2, 0, 3]]) == [[2, 0, 3]])
    let found = try operation.evaluate([Tensor([-11, -0.5, 0.5, 1.5, 400], shape: [5])])[0].floats()
    #expect(found == [-10, 0, 0, 2, 245])
  }
}
