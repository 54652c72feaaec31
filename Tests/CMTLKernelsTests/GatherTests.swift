import CMTLKernels
import TestSupport
import Testing

@Suite("Ranges of channels of some pixels") struct GatherTests {
  /// A blocked image, a range of its channels, and maybe a list of its pixels.
  private struct Data {
    let channels: Int
    let pixels: Int
    let first: Int
    let depth: Int
    let count: Int
    let image: [Float]
    let constant: [Float]
    let index: [Int32]?

    init(_ random: inout SeededRandom, distinct: Bool = false) {
      pixels = random.integer(1...40)
      let isAligned = random.once(in: 2)
      first = isAligned ? 16 * random.integer(0...2) : random.integer(0...40)
      depth = isAligned ? 16 * random.integer(1...3) : random.integer(1...40)
      channels = first + depth + random.pick([0, 5, 16])
      image = random.floats((channels + 15) / 16 * 16 * pixels)
      constant = random.floats(depth)
      let isListed = random.once(in: 2)
      count = isListed && !distinct ? random.integer(1...50) : pixels
      let places = (0..<pixels).map { Int32($0) }.shuffled(using: &random)
      index =
        isListed
        ? (0..<count).map { [pixels] place in
          random.once(in: 4) ? -1 : distinct ? places[place] : Int32(random.integer(0...pixels - 1))
        } : nil
    }

    func pixel(_ place: Int) -> Int { index.map { Int($0[place]) } ?? place }

    func value(_ place: Int, _ channel: Int) -> Float {
      guard place < count, channel < depth else { return 0 }
      let pixel = pixel(place)
      return pixel < 0 ? constant[channel] : image[at(pixel, first + channel)]
    }

    func at(_ pixel: Int, _ channel: Int) -> Int { (channel / 16 * pixels + pixel) * 16 + channel % 16 }
  }

  @Test func gatheredToBlocksAndTransposed() {
    var random = SeededRandom(seed: 111)
    for _ in 0..<configurationCount {
      let data = Data(&random)
      for side in GuardedFloats.Guard.allCases {
        let (image, constant) = (GuardedFloats(data.image, side), GuardedFloats(data.constant, side))
        let index = data.index.map { GuardedMemory<Int32>($0, guard: side, fill: 0) }
        let (depth, count) = (data.depth, data.count)
        let blocks = GuardedFloats(untouched: (depth + 15) / 16 * count * 16, side)
        unsafe mtlk_gather(
          image.pointer, Int64(data.pixels), index?.pointer, constant.pointer, Int64(data.first), Int64(depth),
          Int64(count), blocks.pointer)
        #expect(
          blocks.elements.enumerated().allSatisfy { index, value in
            value == data.value(index / 16 % count, index / (16 * count) * 16 + index % 16)
          })
        let transposed = GuardedFloats(untouched: (count + 15) / 16 * depth * 16, side)
        unsafe mtlk_gather_transposed(
          image.pointer, Int64(data.pixels), index?.pointer, constant.pointer, Int64(data.first), Int64(depth),
          Int64(count), transposed.pointer)
        #expect(
          transposed.elements.enumerated().allSatisfy { index, value in
            value == data.value(index / (16 * depth) * 16 + index % 16, index / 16 % depth)
          })
      }
    }
  }

  /// Halves from any channel on, and whole blocks of them back.
  @Test func halves() {
    var random = SeededRandom(seed: 113)
    for _ in 0..<configurationCount {
      let (pixels, isBack) = (random.integer(1...40), random.once(in: 2))
      let first = isBack ? 32 * random.integer(0...2) : random.integer(0...70)
      let depth = isBack ? 32 * random.integer(1...2) : random.integer(1...70)
      let image = Halves.halves((first + depth + 31) / 32 * 32 * pixels, &random)
      let constant = Halves.halves(depth, &random)
      let places = (0..<pixels).shuffled(using: &random).map { random.once(in: 4) ? -1 : Int32($0) }
      let listed = random.once(in: 2) ? places : nil
      func at(_ pixel: Int, _ channel: Int) -> Int { (channel / 32 * pixels + pixel) * 32 + channel % 32 }
      let expected = (0..<(depth + 31) / 32 * 32 * pixels).map { index -> UInt16 in
        let (place, channel) = (index / 32 % pixels, index / (32 * pixels) * 32 + index % 32)
        let pixel = listed.map { Int($0[place]) } ?? place
        guard channel < depth else { return 0 }
        return pixel < 0 ? constant[channel] : image[at(pixel, first + channel)]
      }
      for side in MemoryGuard.allCases {
        let source = GuardedMemory<UInt16>(image, guard: side, fill: 0)
        let filling = GuardedMemory<UInt16>(constant, guard: side, fill: 0)
        let index = listed.map { GuardedMemory<Int32>($0, guard: side, fill: 0) }
        let target = GuardedMemory<UInt16>(count: expected.count, guard: side, fill: 0xFFFF)
        unsafe mtlk_gather_halves(
          source.pointer, Int64(pixels), index?.pointer, filling.pointer, Int64(first), Int64(depth), Int64(pixels),
          target.pointer)
        #expect(target.elements == expected)
        guard isBack else { continue }
        let back = GuardedMemory<UInt16>(count: image.count, guard: side, fill: 0xFFFF)
        unsafe mtlk_scatter_halves(
          target.pointer, Int64(pixels), back.pointer, Int64(pixels), index?.pointer, Int64(first), Int64(depth))
        let isThere = back.elements.enumerated().allSatisfy { place, half in
          let (pixel, channel) = (place / 32 % pixels, place / (32 * pixels) * 32 + place % 32)
          let isWritten = channel >= first && listed?.contains(Int32(pixel)) ?? true
          return half == (isWritten ? image[place] : 0xFFFF)
        }
        #expect(isThere)
      }
    }
  }

  @Test func scatteredBack() {
    var random = SeededRandom(seed: 112)
    for _ in 0..<configurationCount {
      let data = Data(&random, distinct: true)
      let blocks = random.floats((data.depth + 15) / 16 * data.count * 16)
      var expected = data.image
      for place in 0..<data.count where data.pixel(place) >= 0 {
        for channel in 0..<data.depth {
          expected[data.at(data.pixel(place), data.first + channel)] =
            blocks[(channel / 16 * data.count + place) * 16 + channel % 16]
        }
        guard data.first + data.depth == data.channels else { continue }
        for channel in data.channels..<(data.channels + 15) / 16 * 16 {
          expected[data.at(data.pixel(place), channel)] = 0
        }
      }
      for side in GuardedFloats.Guard.allCases {
        let (input, image) = (GuardedFloats(blocks, side), GuardedFloats(data.image, side))
        let index = data.index.map { GuardedMemory<Int32>($0, guard: side, fill: 0) }
        unsafe mtlk_scatter(
          input.pointer, Int64(data.count), image.pointer, Int64(data.pixels), index?.pointer, Int64(data.first),
          Int64(data.depth), Int64(data.channels))
        #expect(image.elements == expected)
      }
    }
  }
}
