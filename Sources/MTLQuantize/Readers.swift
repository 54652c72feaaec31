import MTLEngine
import MTLGraph

/// The convolutions that read one value of a graph, as a network of their own without biases: what they make of an error
/// in the value is then the error of their outputs.
final class Readers {
  /// What the convolutions read: a site's value, or what a pooling takes of it.
  let value: ValueID
  let names: [String]
  /// Of each convolution.
  private(set) var channelCounts: [Int] = []
  private let exact: Observer
  private let rounded: Observer

  init(
    _ readers: [QuantizationSite.Reader], of value: ValueID, in graph: Graph, pool: ThreadPool,
    instructionSet: InstructionSet
  ) throws(MTLError) {
    self.value = value
    names = readers.map(\.name)
    var networks: [Graph] = []
    for isRounded in [false, true] {
      var network = Graph()
      let input = network.addInput("x")
      channelCounts = []
      for reader in readers {
        let node = graph.nodes[reader.node]
        guard var weight = graph.constants[node.inputs[1]], let rows = WeightRows(node.operation, weight.shape) else {
          continue
        }
        if isRounded, weight.type != .int8 { weight = try QuantizedWeights(weight, rows, of: reader.name).floats }
        let channels = rows.outputCount
        let bias = Tensor([Float](repeating: 0, count: channels), shape: [channels])
        let factors = node.inputs.dropFirst(3).compactMap { graph.constants[$0] }
        let constants = ([weight, bias] + factors).map { network.addConstant($0) }
        network.addOutput(reader.name, network.add(node.operation, name: reader.name, [input] + constants))
        channelCounts.append(channels)
      }
      networks.append(network)
    }
    func observer(_ network: Graph) -> Observer {
      Observer(network, showing: network.outputs.map(\.value), pool: pool, instructionSet: instructionSet)
    }
    (exact, rounded) = (observer(networks[0]), observer(networks[1]))
  }

  /// Sum of the squares of each convolution's outputs for an input.
  func power(_ input: Tensor) throws(MTLError) -> [Double] {
    var sums = [Double](repeating: 0, count: names.count)
    try unsafe sums.withUnsafeMutableBufferPointer { sums throws(MTLError) in
      try unsafe exact.run(input) { reader, _, values in unsafe sums[reader] = unsafe Readers.sumOfSquares(values) }
    }
    return sums
  }

  /// Rows of a few thousand lose nothing in float32.
  private static func sumOfSquares(_ values: UnsafeBufferPointer<Float>) -> Double {
    var sum = 0.0
    for start in stride(from: 0, to: values.count, by: 4096) {
      var part: Float = 0
      for index in start..<min(start + 4096, values.count) {
        let value = unsafe values[index]
        part += value * value
      }
      sum += Double(part)
    }
    return sum
  }

  /// How far the mean of each output channel moves when weights and input are rounded.
  func shift(_ input: Tensor, _ roundedInput: Tensor) throws(MTLError) -> [[Double]] {
    let exact = try means(self.exact, input)
    let rounded = try means(self.rounded, roundedInput)
    return zip(rounded, exact).map { zip($0, $1).map { $0 - $1 } }
  }

  private func means(_ observer: Observer, _ input: Tensor) throws(MTLError) -> [[Double]] {
    var means = [[Double]](repeating: [], count: names.count)
    try unsafe means.withUnsafeMutableBufferPointer { means throws(MTLError) in
      try unsafe observer.run(input) { reader, shape, values in
        let (channels, pixels) = (shape[1], shape[2] * shape[3])
        var sums = [Double](repeating: 0, count: channels)
        for plane in 0..<shape[0] * channels {
          var sum = 0.0
          for pixel in 0..<pixels { sum += Double(unsafe values[plane * pixels + pixel]) }
          sums[plane % channels] += sum
        }
        unsafe means[reader] = sums.map { $0 / Double(shape[0] * pixels) }
      }
    }
    return means
  }
}

extension ByteGrid {
  /// The nearest numbers of the grid, or how far away they are.
  func rounded(_ tensor: Tensor, isDistance: Bool) -> Tensor {
    unsafe tensor.bytes.withUnsafeBytes { bytes in
      unsafe rounded(bytes.bindMemory(to: Float.self), tensor.shape, isDistance: isDistance)
    }
  }

  private func rounded(_ values: UnsafeBufferPointer<Float>, _ shape: Shape, isDistance: Bool) -> Tensor {
    let (low, high) = (-Float(zeroPoint), 255 - Float(zeroPoint))
    let (inverse, scale) = (inverseScale, scale)
    // The sum with it leaves a small number rounded, half to even, which the processor at hand may have no instruction for.
    let shift: Float = 0x1.8p23
    let numbers = unsafe [Float](unsafeUninitializedCapacity: values.count) { result, count in
      for index in values.indices {
        let value = unsafe values[index]
        let code = max(low, min(value * inverse, high)) + shift - shift
        unsafe result[index] = isDistance ? code * scale - value : code * scale
      }
      count = values.count
    }
    return Tensor(numbers, shape: shape)
  }
}
