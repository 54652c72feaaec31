import MTLGraph

/// Where in a concatenation a value stands that is written there in the first place.
///
/// Channels join without a copy where each part begins with a block of its own; images always do.
struct Placement {
  let whole: ValueID
  private let axis: Int
  /// Channels or images in front of the part.
  private let start: Int
  /// Whether all parts of the concatenation begin with a block of 16 channels, so that narrow ones can be copied there whole.
  let areBlocks: Bool

  func elementOffset(in whole: Buffer) -> Int {
    axis == 0 ? start * whole.imageStride : whole.channelOffset(start)
  }

  /// Whether the part begins with a block of this layout.
  func fits(_ layout: Layout) -> Bool { axis == 0 || start % layout.lane == 0 }

  /// The placement of every value that can have one; of a value in several concatenations, in the last.
  static func all(
    in graph: Graph, _ shapes: ValueMap<Shape>, isConstant: (ValueID) -> Bool
  ) -> ValueMap<Placement> {
    let producers = graph.producers()
    var placements: ValueMap<Placement> = [:]
    for node in graph.nodes.reversed() {
      guard let concat = node.operation as? Concat, let starts = starts(node, concat, shapes) else { continue }
      for (value, start) in zip(node.inputs, starts)
      where placements[value] == nil && !isConstant(value) && producers[value] != nil {
        placements[value] = Placement(
          whole: node.outputs[0], axis: starts.axis, start: start, areBlocks: starts.areBlocks)
      }
    }
    return placements
  }

  /// The first channel or image of each part; nil where a copy is needed.
  private static func starts(_ node: Node, _ concat: Concat, _ shapes: ValueMap<Shape>) -> Starts? {
    let inputs = node.inputs.map { shapes[$0] ?? [] }
    guard let axis = try? concat.axis(of: inputs[0]), axis <= 1, inputs[0].rank == 4 else { return nil }
    var starts: [Int] = []
    var next = 0
    for shape in inputs {
      guard axis == 0 || next % Layout.lane == 0 else { return nil }
      starts.append(next)
      next += shape[axis]
    }
    return Starts(axis: axis, values: starts)
  }

  private struct Starts: Sequence {
    let axis: Int
    let values: [Int]
    var areBlocks: Bool { axis == 1 && values.allSatisfy { $0 % Layout.lane == 0 } }
    func makeIterator() -> IndexingIterator<[Int]> { values.makeIterator() }
  }
}
