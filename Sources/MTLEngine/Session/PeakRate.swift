import CMTLKernels
import MTLGraph

/// Measures how many multiply-accumulates in a second some threads reach together when nothing but arithmetic holds them up:
/// what a layer's own rate is a share of. Of float32 that is arithmetic in registers; of narrow numbers, whose instructions
/// differ from set to set, the convolution of single pixels whose weights lie in the nearest cache.
final class PeakRate: ParallelWork {
  private static let itemNanoseconds: UInt64 = 4_000_000
  private static let tries = 5
  private var rounds: Int64 = 1
  private let macsOfRound: Int64
  private let work: (_ rounds: Int64) -> Void

  private init(_ kernels: KernelSet, _ numbers: NumberFormat) {
    guard numbers != .floats else {
      macsOfRound = Int64(MTLK_PEAK_BLOCKS) * Int64(MTLK_LANE)
      work = { rounds in PeakRate.multiplyFloats(kernels, rounds) }
      return
    }
    let probe = ConvolutionProbe(numbers)
    macsOfRound = Int64(ConvolutionProbe.multiplyAccumulates)
    work = { rounds in probe.run(kernels, rounds) }
  }

  /// The best of a few tries: others may use the machine as well.
  static func measure(
    _ kernels: KernelSet, _ numbers: NumberFormat, on pool: ThreadPool?, threadCount: Int
  ) -> Double {
    let measurement = PeakRate(kernels, numbers)
    var nanoseconds = measurement.time(on: nil, 1)
    while nanoseconds < itemNanoseconds {
      measurement.rounds *= 2
      nanoseconds = measurement.time(on: nil, 1)
    }
    let count = pool == nil ? 1 : threadCount
    let best = (0..<tries).map { _ in measurement.time(on: pool, count) }.min() ?? nanoseconds
    return Double(measurement.rounds * measurement.macsOfRound * Int64(count)) / Double(max(best, 1)) * 1e9
  }

  private func time(on pool: ThreadPool?, _ count: Int) -> UInt64 {
    let start = monotonicNanoseconds()
    if let pool { pool.run(self, count: count, limit: count) } else { run(item: 0) }
    return monotonicNanoseconds() - start
  }

  func run(item: Int) { work(rounds) }

  private static func multiplyFloats(_ kernels: KernelSet, _ rounds: Int64) {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: Int(MTLK_PEAK_BLOCKS * MTLK_LANE)) { sums in
      unsafe sums.initialize(repeating: 1)
      guard let base = sums.baseAddress else { return }
      unsafe kernels.functions.pointee.multiply_adds(base, rounds)
    }
  }
}

/// A convolution of 256 single pixels from 512 channels to 96.
private struct ConvolutionProbe {
  private static let (rows, columns, inputs, outputs) = (4, 64, 512, 96)
  static let multiplyAccumulates = rows * columns * inputs * outputs

  private let numbers: NumberFormat
  private let window: mtlk_window
  private let input: [UInt64]
  private let weights: [UInt64]
  private let zeros: [Float]

  init(_ numbers: NumberFormat) {
    self.numbers = numbers
    let lane = numbers == .bytes ? Int(MTLK_BYTE_LANE) : Int(MTLK_HALF_LANE)
    var window = mtlk_window()
    (window.input_rows, window.input_columns) = (Int32(Self.rows), Int32(Self.columns))
    (window.output_rows, window.output_columns) = (Int32(Self.rows), Int32(Self.columns))
    (window.input_blocks, window.input_lane) = (Int32(Self.inputs / lane), Int32(lane))
    (window.output_blocks, window.output_channels) = (Int32(Self.outputs / Layout.lane), Int32(Self.outputs))
    (window.kernel_rows, window.kernel_columns) = (1, 1)
    (window.stride_rows, window.stride_columns, window.dilation_rows, window.dilation_columns) = (1, 1, 1, 1)
    self.window = window
    input = [UInt64](repeating: 0, count: Self.rows * Self.columns * Self.inputs * numbers.byteCount / 8)
    weights = [UInt64](repeating: 0, count: Self.outputs * Self.inputs * numbers.byteCount / 8)
    zeros = [Float](repeating: 0, count: Self.outputs)
  }

  /// Each thread with an output of its own.
  func run(_ kernels: KernelSet, _ rounds: Int64) {
    let functions = unsafe kernels.functions
    var output = [Float](repeating: 0, count: Self.rows * Self.columns * Self.outputs)
    unsafe withUnsafePointer(to: window) { window in
      let sumCount =
        numbers == .bytes
        ? unsafe functions.pointee.sum_count(window, Int32(Self.inputs))
        : unsafe functions.pointee.half_sum_count(window, Int32(Self.inputs))
      var sums = [Float](repeating: 0, count: Int(sumCount))
      unsafe output.withUnsafeMutableBytes { output in
        unsafe sums.withUnsafeMutableBytes { sums in
          unsafe input.withUnsafeBytes { input in
            unsafe weights.withUnsafeBytes { weights in
              for _ in 0..<rounds { unsafe multiply(functions, window, input, weights, output, sums) }
            }
          }
        }
      }
    }
  }

  @unsafe private func multiply(
    _ functions: UnsafePointer<mtlk_kernel_set>, _ window: UnsafePointer<mtlk_window>,
    _ input: UnsafeRawBufferPointer, _ weights: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer,
    _ sums: UnsafeMutableRawBufferPointer
  ) {
    let (blocks, rows) = unsafe (window.pointee.output_blocks, window.pointee.output_rows)
    if numbers == .bytes {
      var grids = mtlk_grids(
        input_channels: Int32(Self.inputs), input_zero_point: 0, operand_scale: 0, operand_zero_point: 0,
        output_inverse_scale: 1, output_zero_point: 0)
      unsafe functions.pointee.convolution_bytes(
        window, &grids, input.assumingMemoryBound(to: UInt8.self).baseAddress,
        weights.assumingMemoryBound(to: Int8.self).baseAddress, zeros, zeros, nil, output.baseAddress,
        sums.assumingMemoryBound(to: Int32.self).baseAddress, 0, blocks, 0, rows)
    } else {
      var forms = mtlk_halves(input_channels: Int32(Self.inputs), operand_is_half: 0, output_is_half: 1)
      unsafe functions.pointee.convolution_halves(
        window, &forms, input.assumingMemoryBound(to: UInt16.self).baseAddress,
        weights.assumingMemoryBound(to: UInt16.self).baseAddress, zeros, nil, output.baseAddress,
        sums.assumingMemoryBound(to: Float.self).baseAddress, 0, blocks, 0, rows)
    }
  }
}
