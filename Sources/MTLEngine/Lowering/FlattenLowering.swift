import MTLGraph

/// Flattening and other changes of shape between images and rows: the row-major order is the definition, so the value is
/// brought into it under its new shape.
enum FlattenLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard node.operation is Flatten || node.operation is Reshape else { return false }
    let (input, output) = (planner.shape(of: node.inputs[0]), planner.shape(of: node.outputs[0]))
    // The copy goes image by image, which other axes would cut through; and it ends in plain order.
    guard input.rank != 4 || output.rank > 0 && input[0] == output[0] else { return false }
    let source =
      if let home = planner.anyBuffer(of: node.inputs[0]) { home } else {
        try planner.buffer(of: node.inputs[0], as: .planar)
      }
    let target = planner.makeBuffer(for: node.outputs[0], .planar)
    LayoutStep.add(nodeName: node.name, from: source, to: target, in: &planner)
    return true
  }
}
