import CMTLKernels
import CPeak
import Foundation

/// One convolution layer, as `shapes/*.json` gives it.
struct Layer: Decodable {
  let name: String
  let rows, columns, inputs, outputs, kernel, stride, padding, dilation: Int

  var outputRows: Int { (rows + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1 }
  var outputColumns: Int { (columns + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1 }

  /// Multiply-accumulates as papers count them, those with padding included.
  var multiplyAccumulates: Double {
    Double(outputs * inputs * kernel * kernel) * Double(outputRows * outputColumns)
  }

  var window: mtlk_window {
    let lane = min(inputs, Int(MTLK_LANE))
    var window = mtlk_window()
    (window.input_rows, window.input_columns) = (Int32(rows), Int32(columns))
    (window.input_blocks, window.input_lane) = (Int32((inputs + lane - 1) / lane), Int32(lane))
    (window.output_rows, window.output_columns) = (Int32(outputRows), Int32(outputColumns))
    window.output_blocks = Int32((outputs + 15) / 16)
    (window.kernel_rows, window.kernel_columns) = (Int32(kernel), Int32(kernel))
    (window.stride_rows, window.stride_columns) = (Int32(stride), Int32(stride))
    (window.dilation_rows, window.dilation_columns) = (Int32(dilation), Int32(dilation))
    (window.padding_top, window.padding_left) = (Int32(padding), Int32(padding))
    (window.padding_bottom, window.padding_right) = (Int32(padding), Int32(padding))
    window.activation = Int32(MTLK_RELU)
    return window
  }
}

/// The shortest of several runs, in seconds: other programs on the machine only ever make a run longer.
func shortestTime(_ body: () -> Void) -> Double {
  (0..<20).map { _ in
    let start = ContinuousClock.now
    body()
    let time = (ContinuousClock.now - start).components
    return Double(time.seconds) + Double(time.attoseconds) * 1e-18
  }.min() ?? 0
}

func measure(_ layer: Layer, _ kernels: mtlk_kernel_set) -> Double {
  var window = layer.window
  let lane = Int(window.input_lane)
  let outputLanes = Int(window.output_blocks) * 16
  let inputLanes = Int(window.input_blocks) * lane
  let input = (0..<inputLanes * layer.rows * layer.columns).map { Float($0 % 17) / 17 }
  let weights = (0..<outputLanes * inputLanes * layer.kernel * layer.kernel).map { Float($0 % 13) / 13 - 0.5 }
  let bias = [Float](repeating: 0, count: outputLanes)
  var output = [Float](repeating: 0, count: outputLanes * layer.outputRows * layer.outputColumns)
  return shortestTime {
    kernels.convolution(
      &window, input, weights, bias, nil, &output, 0, window.output_blocks, 0, window.output_rows)
  }
}

func shapeFiles() throws -> [URL] {
  let arguments = CommandLine.arguments.dropFirst()
  if !arguments.isEmpty { return arguments.map { URL(fileURLWithPath: $0) } }
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../shapes")
  return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
}

/// Sets beyond AVX-512 have the same kernels for floats.
let peaks: [Int32: Double] = [2: mtl_peak_avx2(), 3: mtl_peak_avx512()]
for file in try shapeFiles() {
  print(file.lastPathComponent)
  let layers = try JSONDecoder().decode([Layer].self, from: Data(contentsOf: file))
  for isa in 2...max(2, mtlk_best_isa()) where isa <= mtlk_best_isa() {
    guard let kernels = mtlk_kernels(isa)?.pointee, let peak = peaks[isa], peak > 0 else { continue }
    let name = String(cString: kernels.name)
    print(String(format: "  %@: peak %.1f GMAC/s", name, peak / 1e9))
    for layer in layers {
      let time = measure(layer, kernels)
      let rate = layer.multiplyAccumulates / time
      print(
        "    " + layer.name.padding(toLength: 20, withPad: " ", startingAt: 0)
          + String(format: "%9.3f ms %8.1f GMAC/s %5.0f %% of peak", time * 1e3, rate / 1e9, rate / peak * 100))
    }
  }
}
