import CMTLKernels
import TestSupport
import Testing

@Suite("Changes of layout") struct LayoutTests {
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
        let scale = random.once(in: 2) ? GuardedFloats(random.floats(outputs), side) : nil
        let packed = GuardedFloats(untouched: (outputs + 15) / 16 * inputBlocks * taps * lane * 16, side)
        unsafe mtlk_pack_convolution(
          weights.pointer, scale?.pointer, packed.pointer, Int64(outputs), Int64(inputs), Int64(taps), Int64(lane))
        let (plain, factors, found) = (weights.elements, scale?.elements, packed.elements)
        let isRight = found.indices.allSatisfy { index in
          let (tap, block) = (index / (lane * 16) % taps, index / (lane * 16 * taps))
          let input = block % inputBlocks * lane + index / 16 % lane
          let output = block / inputBlocks * 16 + index % 16
          return found[index]
            == (input < inputs && output < outputs
              ? plain[(output * inputs + input) * taps + tap] * (factors?[output] ?? 1) : 0)
        }
        #expect(isRight, "\(outputs) outputs, \(inputs) inputs, \(taps) taps, lane \(lane)")
      }
    }
  }

  @Test(arguments: [(16, 4096), (40, 48), (19, 100), (16, 16)]) func wholeTilesToo(_ channels: Int, _ pixels: Int) {
    let plain = (0..<channels * pixels).map { Float($0) }
    let blocked = reblock(plain, 1, 16, channels, pixels, .behind)
    for (index, value) in blocked.enumerated() {
      let channel = index / (pixels * 16) * 16 + index % 16
      #expect(value == (channel < channels ? plain[channel * pixels + index / 16 % pixels] : 0))
    }
    #expect(reblock(blocked, 16, 1, channels, pixels, .before) == plain)
  }
}
