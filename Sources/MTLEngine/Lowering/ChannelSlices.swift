import CMTLKernels
import MTLGraph

/// The channels that outputs of a convolution of bytes see, and its weights for these alone.
///
/// Kernels compute 16 outputs at once. Where these are of several groups, they see the channels of all of them, with weights
/// of zero for those of the others: groups of 4 channels cost four times their multiplications, as those of floats do. To
/// gather the channels of a group first would save none of these, because 4 bytes of a pixel always meet 16 outputs. Of the
/// 64 channels of a block only those are multiplied that some of the outputs see, as far as kernels can read them alone.
struct ChannelSlices {
  /// Blocks of 16 outputs that see the same channels.
  struct Slice {
    let outputBlocks: Range<Int>
    let firstChannel: Int
    let channelCount: Int
  }

  private(set) var all: [Slice] = []
  /// Blocks of 64 channels that weights of an output block are for.
  let inputBlocks: Int

  private static let lane = Int(MTLK_BYTE_LANE)

  /// - Parameters:
  ///   - inputs: of all groups, and so `outputs`.
  ///   - reach: channels that the kernels read together.
  init(groups: Int, inputs: Int, outputs: Int, reach: Int) {
    let (groupInputs, groupOutputs) = (inputs / groups, outputs / groups)
    let seen = stride(from: 0, to: outputs, by: Layout.lane).map { first in
      let last = min(first + Layout.lane, outputs) - 1
      return first / groupOutputs * groupInputs..<(last / groupOutputs + 1) * groupInputs
    }
    func block(_ channel: Int) -> Int { channel / ChannelSlices.lane }
    inputBlocks = seen.reduce(1) { max($0, block($1.upperBound - 1) - block($1.lowerBound) + 1) }
    let lastBlock = block(inputs - 1)
    for (index, channels) in seen.enumerated() {
      let first: Int
      let end: Int
      if inputBlocks == 1 {
        var width = reach
        while channels.lowerBound / width != (channels.upperBound - 1) / width { width *= 2 }
        first = channels.lowerBound / width * width
        end = min(first + width, inputs)
      } else {
        // All of so many blocks lie in the image, and some of the last one is read.
        first = min(block(channels.lowerBound), lastBlock + 1 - inputBlocks) * ChannelSlices.lane
        end = max(channels.upperBound, first + (inputBlocks - 1) * ChannelSlices.lane + 1)
      }
      append(index, first..<end)
    }
  }

  private mutating func append(_ outputBlock: Int, _ channels: Range<Int>) {
    var start = outputBlock
    if let last = all.last, last.firstChannel == channels.lowerBound, last.channelCount == channels.count {
      start = last.outputBlocks.lowerBound
      all.removeLast()
    }
    all.append(
      Slice(outputBlocks: start..<outputBlock + 1, firstChannel: channels.lowerBound, channelCount: channels.count))
  }

  /// Whether all begin with a half of a block of 64 and see at least as much, which is what tiles are multiplied in.
  var areHalves: Bool {
    all.allSatisfy { $0.firstChannel % (ChannelSlices.lane / 2) == 0 && $0.channelCount >= ChannelSlices.lane / 2 }
  }

  /// Weights of int8, O x I/groups x KH x KW, in the order of the kernels.
  func pack(_ weight: Tensor, groups: Int) throws(MTLError) -> Bytes {
    let (shape, taps) = (weight.shape, weight.shape[2] * weight.shape[3])
    let width = inputBlocks * ChannelSlices.lane
    let blockBytes = width * Layout.lane * taps
    let blocks = (shape[0] + Layout.lane - 1) / Layout.lane
    return try unsafe Bytes(byteCount: blocks.saturatingProduct(blockBytes)) { memory in
      unsafe weight.bytes.withUnsafeBytes { bytes in
        let values = unsafe bytes.bindMemory(to: Int8.self)
        for slice in all {
          let first = slice.outputBlocks.lowerBound * Layout.lane
          let outputs = min(slice.outputBlocks.upperBound * Layout.lane, shape[0]) - first
          var dense = [Int8](repeating: 0, count: outputs * width * taps)
          for output in 0..<outputs {
            let group = (first + output) / (shape[0] / groups)
            let target = (output * width + group * shape[1] - slice.firstChannel) * taps
            let source = (first + output) * shape[1] * taps
            for place in 0..<shape[1] * taps { dense[target + place] = unsafe values[source + place] }
          }
          let packed = unsafe memory.assumingMemoryBound(to: Int8.self).baseAddress
          unsafe mtlk_pack_bytes(
            dense, packed.map { unsafe $0 + slice.outputBlocks.lowerBound * blockBytes }, Int64(outputs), Int64(width),
            Int64(taps), Int64(ChannelSlices.lane))
        }
      }
    }
  }
}

extension ChannelSlices.Slice {
  /// Bytes in front of its channels in an image.
  func byteOffset(_ window: mtlk_window) -> Int {
    let pixels = Int(window.input_rows) * Int(window.input_columns)
    let lane = Int(MTLK_BYTE_LANE)
    return firstChannel / lane * lane * pixels + firstChannel % lane
  }
}
