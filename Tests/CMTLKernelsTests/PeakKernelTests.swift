import CMTLKernels
import Testing

@Suite("What measures the processor") struct PeakKernelTests {
  /// Each sum is halved and grows by 1 in every round: it nears 2.
  @Test(arguments: [0, 1, 7]) func roundsAreDone(_ rounds: Int) {
    let start = (0..<Int(MTLK_PEAK_BLOCKS * MTLK_LANE)).map { Float($0) - 100 }
    let expected = (0..<rounds).reduce(start) { sums, _ in sums.map { $0 / 2 + 1 } }
    checkSets(within: 0, "\(rounds) rounds") { set, side in
      let sums = GuardedFloats(start, side)
      unsafe set.kernels.pointee.multiply_adds(sums.pointer, Int64(rounds))
      #expect(sums.elements == expected, "\(set.testDescription)")
      return sums.elements
    }
  }
}
