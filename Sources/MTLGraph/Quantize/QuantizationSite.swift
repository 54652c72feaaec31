/// A value of a simplified graph that is worth bytes: convolutions with many input channels read it.
public struct QuantizationSite: Sendable {
  /// Of the node that makes the value; "input NAME" of a graph's input.
  public let name: String
  public let value: ValueID
  public let readers: [Reader]
  /// The concatenation along channels that makes the value: it is quantized part by part, in front of it.
  let concatenation: Int?
  /// Whether it is a colour picture, which only bytes have a layout for.
  public let isPicture: Bool

  var isForBFloat16: Bool { !isPicture && readers.contains { !$0.isForBytesAlone } }

  /// A convolution that reads the value, at once or behind poolings that take its largest elements: these pick among the
  /// numbers of a grid as they do among floats.
  public struct Reader: Sendable {
    /// Its place in the graph's nodes.
    public let node: Int
    public let name: String
    /// Whether bfloat16 is nothing for it: it has several groups or is transposed, for which only bytes have kernels.
    public let isForBytesAlone: Bool
  }

  /// Fewer channels do not fill what an instruction for bytes takes at once; those of colour pictures have a layout of
  /// their own.
  static let smallestChannelCount = 16
  static let pictureChannelCounts = 3...4
}

extension Graph {
  /// The values that are worth bytes, in the order in which they are made.
  public func quantizationSites() -> [QuantizationSite] {
    let (producers, names) = (producers(), uniqueNodeNames())
    let inputNames = Dictionary(inputs.map { ($0.value, Graph.siteName(ofInput: $0.name)) }) { first, _ in first }
    let variable = valuesOfInputs()
    let ends = Set(outputs.map(\.value))
    var readers: ValueMap<[QuantizationSite.Reader]> = [:]
    let pictures = Set(inputs.map(\.value))
    for (index, node) in nodes.enumerated()
    where variable.contains(node.inputs.first ?? .absent) && isForBytes(node, pictures) {
      readers[source(of: node.inputs[0], producers), default: []].append(
        .init(node: index, name: names[index], isForBytesAlone: !isInOneGroup(node)))
    }
    return readers.compactMap { value, readers in
      let producer = producers[value]
      guard let name = producer.map({ names[$0] }) ?? inputNames[value] else { return nil }
      let isQuantized = producer.map { nodes[$0].operation.isRounding } ?? false
      guard !isQuantized else { return nil }
      let joins = producer.map { nodes[$0].joinsChannels } ?? false
      return QuantizationSite(
        name: name, value: value, readers: readers, concatenation: joins && !ends.contains(value) ? producer : nil,
        isPicture: readers.allSatisfy { isPicture(nodes[$0.node], pictures) })
    }
  }

  /// By node: its own name, which further nodes of that name have with a number: "shared #2".
  func uniqueNodeNames() -> [String] {
    var taken = Set(inputs.map { Graph.siteName(ofInput: $0.name) })
    var counts: [String: Int] = [:]
    return nodes.map { node in
      var name = node.name
      repeat {
        let count = counts[node.name, default: 0] + 1
        counts[node.name] = count
        name = count == 1 ? node.name : "\(node.name) #\(count)"
      } while !taken.insert(name).inserted
      return name
    }
  }

  static func siteName(ofInput name: String) -> String { "input \(name)" }

  /// Whether a node is a convolution that whole numbers can do.
  private func isForBytes(_ node: Node, _ pictures: Set<ValueID>) -> Bool {
    guard node.inputs.count >= 2, let weight = constants[node.inputs[1]],
      let rows = WeightRows(node.operation, weight.shape), [.float32, .int8].contains(weight.type),
      node.inputs.dropFirst(2).allSatisfy({ constants[$0] != nil })
    else { return false }
    return (isPicture(node, pictures) || rows.inputCount >= QuantizationSite.smallestChannelCount)
      && rows.width <= ByteGrid.largestProductCount
  }

  private func isInOneGroup(_ node: Node) -> Bool { (node.operation as? Convolution)?.groups == 1 }

  /// Whether a convolution reads an input of the graph that is a colour picture.
  private func isPicture(_ node: Node, _ inputs: Set<ValueID>) -> Bool {
    inputs.contains(node.inputs[0]) && isInOneGroup(node)
      && QuantizationSite.pictureChannelCounts.contains(constants[node.inputs[1]]?.shape[1] ?? 0)
  }

  /// The value behind poolings.
  private func source(of value: ValueID, _ producers: ValueMap<Int>) -> ValueID {
    var value = value
    while let producer = producers[value], nodes[producer].operation is MaxPool { value = nodes[producer].inputs[0] }
    return value
  }

  /// The values that depend on the graph's inputs.
  private func valuesOfInputs() -> Set<ValueID> {
    var values = Set(inputs.map(\.value))
    for node in nodes where node.dataInputs.contains(where: values.contains) { values.formUnion(node.outputs) }
    return values
  }
}

extension Operator {
  /// Whether it only brings a value to numbers of fewer bits.
  var isRounding: Bool { self is FakeQuantize || self is RoundToBFloat16 }
}

extension Node {
  /// Of images, whose second axis is channels.
  fileprivate var joinsChannels: Bool {
    guard let concatenation = operation as? Concat else { return false }
    return concatenation.axis == 1 || concatenation.axis == -3
  }
}
