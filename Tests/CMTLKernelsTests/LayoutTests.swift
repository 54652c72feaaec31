import CMTLKernels
import TestSupport
import Testing

@Suite("Changes of layout, softmax and means") struct LayoutTests {
  private func reblock(
    _ source: [Float], _ from: Int, _ to: Int, _ channels: Int, _ pixels: Int, _ side: GuardedFloats.Guard
  ) -> [Float] {
    let input = GuardedFloats(source, side)
    let output = GuardedFloats(untouched: (channels + to - 1) / to * to * pixels, side)
    unsafe mtlk_reblock(
      input.pointer, Int64(from), output.pointer, Int64(to), Int64(channels), Int64(pixels))
    return output.elements
  }

  @Test func everyChannelFindsItsPlace() {
    var random = SeededRandom(seed: 51)
    for _ in 0..<configurationCount {
      let (channels, pixels) = (random.integer(1...50), random.integer(1...30))
      let lane = random.pick([1, 16, min(channels, 16)])
      let plain = random.floats(channels * pixels)
      let blocked = reblock(plain, 1, lane, channels, pixels, .behind)
      for (index, value) in blocked.enumerated() {
        let channel = index / (pixels * lane) * lane + index % lane
        #expect(value == (channel < channels ? plain[channel * pixels + index / lane % pixels] : 0))
      }
      let other = random.pick([1, 16, min(channels, 16)])
      let moved = reblock(blocked, lane, other, channels, pixels, .before)
      #expect(moved == reblock(plain, 1, other, channels, pixels, .behind))
      #expect(reblock(moved, other, 1, channels, pixels, .before) == plain)
    }
  }

  @Test func packedWeightsAreInTheirPlaces() {
    var random = SeededRandom(seed: 52)
    for _ in 0..<configurationCount {
      let (outputs, inputs, taps) = (random.integer(1...40), random.integer(1...40), random.integer(1...9))
      let lane = inputs < 16 ? random.pick([inputs, 16]) : 16
      let inputBlocks = (inputs + lane - 1) / lane
      for side in GuardedFloats.Guard.allCases {
        let weights = GuardedFloats(random.floats(outputs * inputs * taps), side)
        let packed = GuardedFloats(untouched: (outputs + 15) / 16 * inputBlocks * taps * lane * 16, side)
        unsafe mtlk_pack_convolution(
          weights.pointer, nil, packed.pointer, Int64(outputs), Int64(inputs), Int64(taps), Int64(lane))
        let (plain, found) = (weights.elements, packed.elements)
        let isRight = found.indices.allSatisfy { index in
          let (tap, block) = (index / (lane * 16) % taps, index / (lane * 16 * taps))
          let input = block % inputBlocks * lane + index / 16 % lane
          let output = block / inputBlocks * 16 + index % 16
          return found[index]
            == (input < inputs && output < outputs ? plain[(output * inputs + input) * taps + tap] : 0)
        }
        #expect(isRight, "\(outputs) outputs, \(inputs) inputs, \(taps) taps, lane \(lane)")
      }
    }
  }

  @Test func meansAreRoundedOnce() {
    var random = SeededRandom(seed: 53)
    for _ in 0..<100 {
      let (blocks, pixels) = (random.integer(1...3), random.integer(1...400))
      let values = random.floats(blocks * pixels * 16, in: -1000...1000)
      let (input, output) = (GuardedFloats(values, .behind), GuardedFloats(untouched: blocks * 16, .behind))
      unsafe mtlk_global_average(input.pointer, output.pointer, Int64(blocks), Int64(pixels))
      for (index, mean) in output.elements.enumerated() {
        let sum = (0..<pixels).reduce(0.0) { $0 + Double(values[(index / 16 * pixels + $1) * 16 + index % 16]) }
        #expect(mean == Float(sum / Double(pixels)))
      }
    }
  }

  private func softmax(_ x: [Float], rows: Int, inPlace: Bool) -> [Float] {
    let input = GuardedFloats(x, inPlace ? .before : .behind)
    let output = inPlace ? input : GuardedFloats(untouched: x.count, .behind)
    unsafe mtlk_softmax(input.pointer, output.pointer, Int64(rows), Int64(x.count / max(rows, 1)))
    return output.elements
  }

  @Test(arguments: [false, true]) func softmaxOfExtremes(_ inPlace: Bool) {
    #expect(softmax([-3], rows: 1, inPlace: inPlace) == [1])
    #expect(softmax([5, -1e30, .greatestFiniteMagnitude], rows: 3, inPlace: inPlace) == [1, 1, 1])
    #expect(softmax([3e38, 3e38, -3e38], rows: 1, inPlace: inPlace) == [0.5, 0.5, 0])
    #expect(softmax([-.infinity, 1, -.infinity], rows: 1, inPlace: inPlace) == [0, 1, 0])
    #expect(softmax([1, .nan], rows: 1, inPlace: inPlace).filter(\.isNaN).count == 2)
    #expect(softmax([1, .infinity], rows: 1, inPlace: inPlace).contains { $0.isNaN })
    #expect(softmax([], rows: 4, inPlace: inPlace) == [])
  }

  @Test func softmaxSumsToOne() {
    var random = SeededRandom(seed: 54)
    for _ in 0..<100 {
      let (rows, length) = (random.integer(1...4), random.integer(1...200))
      let x = random.floats(rows * length, in: -30...30)
      let y = softmax(x, rows: rows, inPlace: random.once(in: 2))
      for row in 0..<rows {
        let exact = x[row * length..<(row + 1) * length].map { exponential($0) }
        let sum = exact.reduce(0, +)
        for column in 0..<length {
          #expect(abs(Double(y[row * length + column]) - exact[column] / sum) <= 1e-6)
        }
      }
    }
  }
}
