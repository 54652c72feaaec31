import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

/// What outputs of groups read, and that it lies in the image, for kernels that read few channels together and for those that
/// read whole blocks.
struct ChannelSlicesTests {
  private struct Case {
    let groups: Int
    let inputs: Int
    let outputs: Int
    let slices: ChannelSlices

    init(reach: Int, _ random: inout SeededRandom) {
      groups = random.integer(1...33)
      inputs = groups * random.pick([1, 2, 3, 4, 7, 8, 16, 24, 32, 48, 63, 64, 65, 80, 128])
      outputs = groups * random.pick([1, 2, 3, 4, 8, 13, 16, 24, 32, 64])
      slices = ChannelSlices(groups: groups, inputs: inputs, outputs: outputs, reach: reach)
    }
  }

  @Test(arguments: [4, 8, 64]) func slicesLieInTheImage(_ reach: Int) {
    var random = SeededRandom(seed: 31)
    for _ in 0..<500 {
      let this = Case(reach: reach, &random)
      let story = "\(this.groups) groups, \(this.inputs) inputs, \(this.outputs) outputs"
      var next = 0
      for slice in this.slices.all {
        #expect(slice.outputBlocks.lowerBound == next && !slice.outputBlocks.isEmpty, "\(story)")
        next = slice.outputBlocks.upperBound
        let (first, end) = (slice.firstChannel, slice.firstChannel + slice.channelCount)
        #expect(first >= 0 && end <= this.inputs, "\(story)")
        if this.slices.inputBlocks == 1 {
          // Kernels read as many as the next power of two, which lie in one block.
          var width = reach
          while width < slice.channelCount { width *= 2 }
          #expect(first % width == 0 && width <= 64, "\(story)")
        } else {
          let blocks = (this.inputs + 63) / 64
          #expect(first % 64 == 0 && first / 64 + this.slices.inputBlocks <= blocks, "\(story)")
          // Of the last block something is read, and of none behind it.
          #expect((slice.channelCount + 63) / 64 == this.slices.inputBlocks, "\(story)")
        }
      }
      #expect(next == (this.outputs + 15) / 16, "\(story)")
    }
  }

  /// By [block of outputs][block of inputs][tap][four of its channels][output][one of the four].
  @Test(arguments: [4, 64]) func weightsMeetTheirChannels(_ reach: Int) throws {
    var random = SeededRandom(seed: 32)
    for _ in 0..<60 {
      let this = Case(reach: reach, &random)
      let (width, taps) = (this.inputs / this.groups, 2)
      let numbers = (0..<this.outputs * width * taps).map { _ in random.integer(-128...127) }
      let packed = try this.slices.pack(
        Tensor(numbers, as: .int8, shape: [this.outputs, width, 1, taps]), groups: this.groups)
      var isRight = true
      for slice in this.slices.all {
        for output in slice.outputBlocks.lowerBound * 16..<slice.outputBlocks.upperBound * 16 {
          let group = output / max(this.outputs / this.groups, 1)
          for place in 0..<this.slices.inputBlocks * 64 * taps {
            let (channel, tap) = place.quotientAndRemainder(dividingBy: taps)
            let input = slice.firstChannel + channel - group * width
            let isOwn = output < this.outputs && (0..<width).contains(input)
            let block = (output / 16 * this.slices.inputBlocks + channel / 64) * taps + tap
            let found = unsafe packed.withUnsafeBytes { bytes in
              unsafe Int8(bitPattern: bytes[((block * 16 + channel % 64 / 4) * 16 + output % 16) * 4 + channel % 4])
            }
            if Int(found) != (isOwn ? numbers[(output * width + input) * taps + tap] : 0) { isRight = false }
          }
        }
      }
      #expect(isRight, "\(this.groups) groups, \(this.inputs) inputs, \(this.outputs) outputs")
    }
  }
}
