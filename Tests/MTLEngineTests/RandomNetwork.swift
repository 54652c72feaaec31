import MTLGraph
import TestSupport

/// A random small network: a trunk of image layers, then one to three heads that begin at places of the trunk.
struct RandomNetwork {
  private(set) var graph = Graph()
  let inputShape: Shape
  private var random: SeededRandom
  private var nodeCount = 0
  /// Channels and sizes of every value that is an image.
  private var images: [(value: ValueID, channels: Int, rows: Int, columns: Int)] = []

  private static let channelCounts = [1, 2, 3, 5, 7, 12, 15, 16, 17, 19, 31, 32, 33, 50]

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    let channels = random.pick(RandomNetwork.channelCounts)
    let (rows, columns) = (random.integer(3...13), random.integer(3...17))
    inputShape = [random.integer(1...3), channels, rows, columns]
    images.append((graph.addInput("x"), channels, rows, columns))
    for _ in 0..<random.integer(1...4) { addImageLayer(to: images[images.count - 1]) }
    for task in 0..<random.integer(1...3) { addHead(named: "task\(task)") }
  }

  /// The input of the network's run `number`.
  func input(_ number: UInt64) -> Tensor {
    var random = SeededRandom(seed: number &+ 1_000_003)
    return random.tensor(inputShape)
  }

  private mutating func name(_ kind: String) -> String {
    nodeCount += 1
    return "\(kind)\(nodeCount)"
  }

  private mutating func addHead(named name: String) {
    addImageLayer(to: random.pick(images))
    let image = images.removeLast()
    if random.once(in: 3) { return graph.addOutput(name, image.value) }
    var value = image.value
    var features = image.channels
    if random.once(in: 2) {
      value = graph.add(GlobalAveragePool(), name: self.name("mean"), [value])
    } else {
      features *= image.rows * image.columns
    }
    value = graph.add(Flatten(), name: self.name("flat"), [value])
    if !random.once(in: 4) {
      (value, features) = addLinear(value, features)
      if random.once(in: 2) { (value, _) = addLinear(addActivation(to: value), features) }
    }
    if random.once(in: 3) {
      value = graph.add(Softmax(axis: random.pick([-1, 1, 0])), name: self.name("softmax"), [value])
    }
    graph.addOutput(name, value)
  }

  private mutating func addLinear(_ value: ValueID, _ features: Int) -> (ValueID, Int) {
    let outputs = random.integer(1...13)
    let scale = 1 / Float(features).squareRoot()
    var operands = [value, graph.addConstant(random.tensor([outputs, features], in: -scale...scale))]
    if random.once(in: 2) { operands.append(graph.addConstant(random.tensor([outputs]))) }
    return (graph.add(Gemm(), name: name("gemm"), operands), outputs)
  }

  private mutating func addActivation(to value: ValueID) -> ValueID {
    let activation: any Operator = random.pick([
      Relu(), LeakyRelu(slope: 0.1), Sigmoid(), Tanh(), Dropout(), Identity(),
    ])
    return graph.add(activation, name: name("activation"), [value])
  }

  private mutating func addImageLayer(to image: (value: ValueID, channels: Int, rows: Int, columns: Int)) {
    switch random.integer(0...9) {
    case 0...4: addConvolution(to: image)
    case 5, 6: addPool(to: image)
    case 7:
      images.append((addNormalization(to: image.value, image.channels), image.channels, image.rows, image.columns))
    default: images.append((addActivation(to: image.value), image.channels, image.rows, image.columns))
    }
  }

  private mutating func addNormalization(to value: ValueID, _ channels: Int) -> ValueID {
    let statistics = [
      random.tensor([channels], in: 0.5...1.5), random.tensor([channels]), random.tensor([channels], in: -0.2...0.2),
      random.tensor([channels], in: 0.5...2),
    ]
    return graph.add(BatchNormalization(), name: name("norm"), [value] + statistics.map { graph.addConstant($0) })
  }

  private mutating func addConvolution(to image: (value: ValueID, channels: Int, rows: Int, columns: Int)) {
    let groups = random.once(in: 4) ? random.pick((1...image.channels).filter { image.channels % $0 == 0 }) : 1
    let outputs = groups == 1 ? random.pick(RandomNetwork.channelCounts) : groups * random.integer(1...2)
    let kernel = Window.Pair(random.integer(1...min(3, image.rows)), random.integer(1...min(3, image.columns)))
    let convolution = Convolution(
      stride: .init(random.integer(1...2), random.integer(1...2)), dilation: .init(1, random.integer(1...3)),
      padding: .init(top: random.integer(0...1), left: 3, bottom: random.integer(0...2), right: random.integer(3...4)),
      groups: groups)
    let inputs = image.channels / groups
    let scale = 1.5 / Float(inputs * kernel.rows * kernel.columns).squareRoot()
    let weight = random.tensor([outputs, inputs, kernel.rows, kernel.columns], in: -scale...scale)
    var operands = [image.value, graph.addConstant(weight)]
    if random.once(in: 2) { operands.append(graph.addConstant(random.tensor([outputs]))) }
    var value = graph.add(convolution, name: name("conv"), operands)
    if random.once(in: 2) { value = addNormalization(to: value, outputs) }
    if random.once(in: 2) { value = addActivation(to: value) }
    append(value, outputs, convolution.window(weight: weight.shape), image)
  }

  private mutating func addPool(to image: (value: ValueID, channels: Int, rows: Int, columns: Int)) {
    let kernel = Window.Pair(random.integer(1...min(3, image.rows)), random.integer(1...min(3, image.columns)))
    let window = Window(
      kernel: kernel, stride: .init(random.integer(1...3), random.integer(1...2)),
      padding: .init(top: kernel.rows / 2, left: 0, bottom: 0, right: kernel.columns / 2))
    let pool: any Operator = random.pick([
      MaxPool(window), AveragePool(window), AveragePool(window, countsPadding: false),
    ])
    append(graph.add(pool, name: name("pool"), [image.value]), image.channels, window, image)
  }

  private mutating func append(
    _ value: ValueID, _ channels: Int, _ window: Window,
    _ image: (value: ValueID, channels: Int, rows: Int, columns: Int)
  ) {
    let size = (try? window.outputSize(rows: image.rows, columns: image.columns)) ?? (rows: 0, columns: 0)
    images.append((value, channels, size.rows, size.columns))
  }
}
