import MTLGraph
import TestSupport
import Testing

@testable import MTLFormats
@testable import MTLNetworks

/// State dicts that name one memory many times.
@Suite("Tensors that share memory")
struct AliasTests {
  /// `count` matrices of one storage, each so many elements behind the one before it, as the layers of a head.
  private func network(
    count: Int, side: Int, step: Int = 0, _ type: DataType = .float32
  ) throws(MTLError) -> LoadedNetwork {
    let size = type == .float32 ? 4 : 2
    let storage = Bytes(copying: [UInt8](repeating: 0, count: (side * side + step * (count - 1)) * size))
    var store = WeightStore(formatDescription: "test")
    store.byteCount = storage.count
    for index in 0..<count {
      let entry = try WeightEntry(
        shape: [side, side], element: ElementType(type), strides: [side, 1], storage: storage,
        elementOffset: index * step, of: "test")
      try store.add("head.\(index).weight", entry)
    }
    let blocks = (0..<count).map { #"{"block": "linear", "key": "head.\#($0)", "bias": false}"# }
    let text = """
      {"format": 1, "input": {"width": 1, "height": \(side), "color": "gray"},
       "network": {"encoder": [{"block": "flatten"}], "heads": {"a": [\(blocks.joined(separator: ","))]}}}
      """
    return try LoadedNetwork(card(text), weights: store)
  }

  /// Converted or in place, one tensor is one constant, which is packed once.
  @Test(arguments: [DataType.float32, .float16])
  func oneTensorOfManyNamesIsOneConstant(_ type: DataType) throws {
    let network = try network(count: 500, side: 64, type)
    #expect(network.graph.nodes.count == 501)
    #expect(network.graph.constants.count == 1 && network.graph.parameterCount == 64 * 64)
    #expect(network.ignoredKeys.isEmpty)
  }

  @Test func overlappingViewsAreOtherTensors() throws {
    #expect(try network(count: 5, side: 8, step: 8).graph.constants.count == 5)
  }

  /// 4 MB that ask for 400.
  @Test func overlappingViewsAreBounded() throws {
    let error = failure { () throws(MTLError) in try network(count: 100, side: 1024, step: 1) }
    #expect(error?.kind == .limit && error?.subject.hasPrefix("head.") == true)
    #expect(error?.problem.hasSuffix("found more, because its tensors share memory") == true)
  }
}
