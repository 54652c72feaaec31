import CMTLKernels
import TestSupport
import Testing

@Suite("Kernels of maps") struct MapKernelTests {
  /// Pixels between columns, from many for each column to columns without any.
  @Test func rowsOfPixels() {
    var random = SeededRandom(seed: 71)
    for number in 0..<configurationCount {
      let (columns, width) = (random.integer(1...70), random.integer(1...200))
      let isSame = random.once(in: 5)
      let starts = isSame ? [] : [0] + (1..<columns).map { _ in random.integer(0...width) }.sorted() + [width]
      let share = random.once(in: 3) ? 0 : random.floats(1, in: 0...1)[0]
      let shares = random.floats(width, in: 0...1).map { $0 < 0.2 ? 0 : $0 } + [Float](repeating: 0, count: 16)
      let rows = (0..<2).map { _ in random.floats(columns).map { random.once(in: 40) ? .infinity : $0 } }
      checkSets(within: 0, "\(number): \(columns) columns, \(width) pixels, same \(isSame)") { set, side in
        let maps = rows.map { GuardedFloats($0, side) }
        let (line, output) = (
          GuardedFloats(untouched: columns + 16, side),
          GuardedFloats([Float](repeating: 0, count: (isSame ? columns : width) + 16), side)
        )
        let places = starts.map(Int32.init)
        unsafe places.withUnsafeBufferPointer { places in
          unsafe shares.withUnsafeBufferPointer { shares in
            var row = unsafe mtlk_map_row(
              columns: Int32(columns), starts: isSame ? nil : places.baseAddress, shares: shares.baseAddress)
            unsafe set.kernels.pointee.sample_row(
              &row, maps[0].pointer, maps[1].pointer, share, line.pointer, output.pointer)
          }
        }
        return Array(output.elements.prefix(isSame ? columns : width))
      }
    }
  }

  @Test func largestOfMaps() {
    var random = SeededRandom(seed: 72)
    for number in 0..<configurationCount {
      let (count, classes) = (random.integer(1...100), random.integer(1...5))
      let room = (count + 15) / 16 * 16
      let hasNone = random.once(in: 4)
      let maps = (0..<classes).map { _ in
        (0..<count).map { _ in Float(random.integer(-3...3)) } + [Float](repeating: 0, count: room - count)
      }
      let place = random.integer(0...count - 1)
      checkSets(within: 0, "\(number): \(classes) maps of \(count)") { set, side in
        let largest = GuardedFloats([Float](repeating: -.infinity, count: room), side)
        var (labels, notNumbers) = ([Int32](repeating: 0, count: room), Int32(0))
        for (label, map) in maps.enumerated() {
          var values = map
          if hasNone, label == 0 { values[place] = .nan }
          let x = GuardedFloats(values, side)
          unsafe set.kernels.pointee.keep_larger(
            x.pointer, Int64(count), Int32(label), largest.pointer, &labels, &notNumbers)
        }
        let flag: Float = notNumbers == 0 ? 0 : 1
        #expect(flag == (hasNone ? 1 : 0))
        return largest.elements.prefix(count) + labels.prefix(count).map(Float.init) + [flag]
      }
    }
  }
}
