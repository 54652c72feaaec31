import MTLGraph
import TestSupport

/// A random network of values on grids of bytes and convolutions with whole weights, or of bfloat16. All scales are powers
/// of two and all sums small, so that float32 is exact and rounding has one right result.
struct RandomNarrowNetwork {
  private(set) var graph = Graph()
  let inputShape: Shape
  private var random: SeededRandom
  private var nodeCount = 0
  /// Values that are rounded or floats.
  private var images: [Image] = []

  private let isBFloat16: Bool

  private struct Image {
    let value: ValueID
    let channels: Int
    let rows: Int
    let columns: Int
    let isNarrow: Bool
  }

  private static let channelCounts = [3, 5, 16, 31, 48, 64, 64, 64, 70, 128]

  init(seed: UInt64, isBFloat16: Bool = false) {
    self.isBFloat16 = isBFloat16
    random = SeededRandom(seed: seed)
    let channels = random.pick([1, 3, 4, 5, 16, 20, 64, 67])
    let (rows, columns) = (random.integer(3...9), random.integer(3...20))
    inputShape = [random.integer(1...3), channels, rows, columns]
    let input = Image(value: graph.addInput("x"), channels: channels, rows: rows, columns: columns, isNarrow: false)
    images.append(rounded(input))
    for _ in 0..<random.integer(2...8) { addLayer() }
    graph.addOutput("last", images[images.count - 1].value)
    if random.once(in: 2) { graph.addOutput("some", random.pick(images).value) }
  }

  /// Whole sixteenths.
  func input(_ number: UInt64) -> Tensor {
    var random = SeededRandom(seed: number)
    let values = (0..<inputShape.elementCount).map { _ in Float(random.integer(-90...90)) / 16 }
    return Tensor(values, shape: inputShape)
  }

  private mutating func name(_ kind: String) -> String {
    nodeCount += 1
    return "\(kind)\(nodeCount)"
  }

  private mutating func grid() -> ByteGrid {
    ByteGrid(
      scale: random.pick([0.0625, 0.125, 0.25]),
      zeroPoint: random.pick([0, 0, 128, 255, UInt8(random.integer(0...255))]))!
  }

  private mutating func rounded(_ image: Image, _ grid: ByteGrid? = nil) -> Image {
    // Among values of bfloat16 some are on a grid as well.
    let isGrid = !isBFloat16 || random.once(in: 6)
    let rounding: any Operator = isGrid ? FakeQuantize(grid: grid ?? self.grid()) : RoundToBFloat16()
    let value = graph.add(rounding, name: name("rounded"), [image.value])
    return Image(
      value: value, channels: image.channels, rows: image.rows, columns: image.columns, isNarrow: true)
  }

  private mutating func addLayer() {
    let image = random.pick(images)
    switch random.integer(0...10) {
    case 0: addPool(image)
    case 1: addMean(image)
    case 2: addConcatenation(image)
    case 3: addTransposedConvolution(image.isNarrow ? image : rounded(image))
    default: addConvolution(image.isNarrow ? image : rounded(image))
    }
  }

  private mutating func addPool(_ image: Image) {
    let window = Window(kernel: .init(2, 3), stride: .init(1, random.integer(1...2)), padding: .init(1))
    let size = (try? window.outputSize(rows: image.rows, columns: image.columns)) ?? (rows: 1, columns: 1)
    let value = graph.add(MaxPool(window), name: name("pool"), [image.value])
    images.append(
      Image(
        value: value, channels: image.channels, rows: size.rows, columns: size.columns, isNarrow: image.isNarrow))
  }

  /// Of as many pixels as a power of two has, the mean is exact.
  private mutating func addMean(_ image: Image) {
    let small = Resize(.nearest, to: .size(2, 4))
    let resized = graph.add(small, name: name("resize"), [image.value])
    let some = rounded(Image(value: resized, channels: image.channels, rows: 2, columns: 4, isNarrow: false))
    let mean = graph.add(GlobalAveragePool(), name: name("mean"), [some.value])
    graph.addOutput(name("mean"), mean)
    images.append(some)
  }

  private mutating func addConcatenation(_ image: Image) {
    let alike = images.filter { $0.rows == image.rows && $0.columns == image.columns }
    let shared = grid()
    let isShared = !random.once(in: 4)
    var parts: [Image] = []
    for part in [image, random.pick(alike), random.pick(alike)] {
      // The same part again, or the same value under another name.
      let isAgain = isShared && random.once(in: 4) && !parts.isEmpty
      parts.append(isAgain ? parts[0] : rounded(part, isShared ? shared : nil))
    }
    let value = graph.add(Concat(axis: 1), name: name("concat"), parts.map(\.value))
    let channels = parts.reduce(0) { $0 + $1.channels }
    guard channels <= 400 else { return }
    images.append(
      Image(value: value, channels: channels, rows: image.rows, columns: image.columns, isNarrow: isShared))
  }

  private mutating func addConvolution(_ image: Image) {
    let isDepthwise = image.channels > 1 && random.once(in: 4)
    let groups = isDepthwise ? image.channels : self.groups(of: image.channels)
    let outputs =
      if isDepthwise { image.channels } else if groups > 1 {
        random.once(in: 2) ? image.channels : groups * random.pick([1, 2, 3, 4, 8, 16, 24])
      } else { random.pick(RandomNarrowNetwork.channelCounts) }
    let width = image.channels / groups
    let kernel = self.kernel(image)
    let dilation = random.once(in: 3) ? Window.Pair(random.integer(1...9), random.integer(1...9)) : .init(1)
    let padding =
      random.once(in: 4)
      ? Window.Padding(top: 9, left: 10, bottom: 11, right: 12)
      : .init(
        top: (kernel.rows - 1) * dilation.rows / 2, left: (kernel.columns - 1) * dilation.columns / 2,
        bottom: (kernel.rows - 1) * dilation.rows / 2, right: (kernel.columns - 1) * dilation.columns / 2)
    let stride = random.once(in: 4) ? Window.Pair(2, 2) : .init(1)
    let convolution = Convolution(stride: stride, dilation: dilation, padding: padding, groups: groups)
    let shape: Shape = [outputs, width, kernel.rows, kernel.columns]
    let inputs = constants(shape, outputs)
    let size =
      (try? convolution.window(weight: shape).outputSize(rows: image.rows, columns: image.columns))
      ?? (rows: 1, columns: 1)
    guard size.rows * size.columns <= 900 else { return }
    // Siblings on one input become one step.
    for _ in 0..<(random.once(in: 2) ? 2 : 1) {
      var value = graph.add(convolution, name: name("conv"), [image.value] + inputs)
      if random.once(in: 2) { value = graph.add(activation(), name: name("activation"), [value]) }
      if random.once(in: 2),
        let other = images.first(where: {
          $0.channels == outputs && $0.rows == size.rows && $0.columns == size.columns
        })
      {
        // Products stay few bits long behind a grid of small numbers.
        let joined = random.once(in: 3) ? rounded(other).value : other.value
        value = graph.add(Add(), name: name("sum"), [value, joined])
        if random.once(in: 2) { value = graph.add(activation(), name: name("activation"), [value]) }
      }
      let result = Image(
        value: value, channels: outputs, rows: size.rows, columns: size.columns, isNarrow: false)
      images.append(random.once(in: 5) ? result : rounded(result))
    }
  }

  private mutating func addTransposedConvolution(_ image: Image) {
    let groups = random.once(in: 6) ? image.channels : self.groups(of: image.channels)
    let width = groups > 1 ? random.integer(1...9) : random.pick(RandomNarrowNetwork.channelCounts)
    let kernel = self.kernel(image)
    let stride = Window.Pair(random.integer(1...3), random.integer(1...3))
    let convolution = ConvolutionTranspose(
      stride: stride, dilation: random.once(in: 3) ? .init(random.integer(1...3), 2) : .init(1),
      padding: random.once(in: 2)
        ? .init(0) : .init(top: random.integer(0...2), left: 1, bottom: 0, right: random.integer(0...2)),
      outputPadding: .init(random.integer(0...stride.rows - 1), random.integer(0...stride.columns - 1)), groups: groups)
    let shape: Shape = [image.channels, width, kernel.rows, kernel.columns]
    guard let size = try? convolution.outputShapes([[1, image.channels, image.rows, image.columns], shape])[0],
      (1...900).contains(size[2] * size[3]), size[1] <= 256
    else { return }
    let inputs = constants(shape, size[1])
    var value = graph.add(convolution, name: name("transposed"), [image.value] + inputs)
    if random.once(in: 2) { value = graph.add(activation(), name: name("activation"), [value]) }
    let result = Image(value: value, channels: size[1], rows: size[2], columns: size[3], isNarrow: false)
    images.append(random.once(in: 4) ? result : rounded(result))
  }

  /// One, or at times some that divide the channels.
  private mutating func groups(of channels: Int) -> Int {
    let divisors = (2...32).filter { channels % $0 == 0 }
    return divisors.isEmpty || random.once(in: 2) ? 1 : random.pick(divisors)
  }

  private mutating func kernel(_ image: Image) -> Window.Pair {
    Window.Pair(
      random.once(in: 2) ? 1 : random.integer(1...min(3, image.rows)),
      random.once(in: 2) ? 1 : random.integer(1...min(3, image.columns)))
  }

  /// Weights, bias and the factor of each output.
  private mutating func constants(_ shape: Shape, _ outputs: Int) -> [ValueID] {
    let weights = weights(shape[0], shape.elementCount / shape[0])
    let bias = (0..<outputs).map { _ in Float(random.integer(-40...40)) / 8 }
    let scales: [Float] = isBFloat16 ? [1, 0.5, -1] : [0.0625, 0.03125, -0.0625]
    let scale = (0..<outputs).map { _ in random.pick(scales) }
    let isWhole = !isBFloat16 || random.once(in: 6)
    return [
      graph.addConstant(inBlocksAtTimes(Tensor(weights, as: isWhole ? .int8 : .float32, shape: shape))),
      graph.addConstant(Tensor(bias, shape: [outputs])), graph.addConstant(Tensor(scale, shape: [outputs])),
    ]
  }

  /// Whole weights may lie in the order of kernels, as files have them.
  private func inBlocksAtTimes(_ weights: Tensor) -> Tensor {
    guard nodeCount % 2 == 0, let blocks = try? ByteBlocks(weights),
      let tensor = try? Tensor(shape: weights.shape, blocks: blocks, of: "weights")
    else { return weights }
    return tensor
  }

  /// Few of those that bfloat16 is multiplied with, which nothing keeps from growing, are not zero.
  private mutating func weights(_ outputs: Int, _ width: Int) -> [Int] {
    guard isBFloat16 else { return (0..<outputs * width).map { _ in random.integer(-9...9) } }
    var weights = [Int](repeating: 0, count: outputs * width)
    for output in 0..<outputs {
      for _ in 0..<4 { weights[output * width + random.integer(0...width - 1)] = random.pick([-1, 1, 2]) }
    }
    return weights
  }

  private mutating func activation() -> any Operator {
    random.pick([Relu(), LeakyRelu(slope: 0.5), ClippedRelu(limit: 6)])
  }
}
