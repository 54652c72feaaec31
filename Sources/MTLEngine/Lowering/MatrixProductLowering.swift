import CMTLKernels
import MTLGraph

/// Products of two computed matrices in row-major order. A transpose whose result only such a product reads makes no copy:
/// the kernel reads rows that lie apart, and weights either way.
enum MatrixProductLowering: Lowering {
  /// A matrix, or several, as the steps along the axes of a value find it in a buffer.
  struct Side {
    let buffer: Buffer
    let shape: Shape
    let strides: [Int]

    var rank: Int { shape.rank }
    /// Rows and columns, and the axes before them.
    var rows: Int { shape[rank - 2] }
    var columns: Int { shape[rank - 1] }
    var batch: Shape { Shape(Array(shape.dimensions.dropLast(2))) }
    var isContiguous: Bool { strides == shape.rowMajorStrides }

    func places(in batch: Shape) -> BroadcastPlaces {
      self.batch.places(in: batch, strides: Array(strides.dropLast(2)))
    }
  }

  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    switch node.operation {
    case is MatMul where hasProducts(node, planner): return try multiply(node, in: &planner)
    case let transpose as Transpose: return try turn(node, transpose, in: &planner)
    default: return false
    }
  }

  private static func hasProducts(_ node: Node, _ planner: Planner) -> Bool {
    (node.inputs + node.outputs).allSatisfy { planner.shape(of: $0).elementCount > 0 }
      && node.inputs.allSatisfy { planner.shape(of: $0).rank >= 2 }
  }

  private static func multiply(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let (left, right) = (try side(node.inputs[0], in: &planner), try side(node.inputs[1], in: &planner))
    let batch = Shape(Array(planner.shape(of: node.outputs[0]).dimensions.dropLast(2)))
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    // One right side for all makes one product of all rows.
    let isOne = right.batch.elementCount == 1 && left.batch.elementCount == batch.elementCount && left.isContiguous
    let (rowStep, weightStep, isByInput) = steps(left, right)
    let products = MatrixProducts(
      matrices: isOne ? 1 : batch.elementCount, rows: isOne ? batch.elementCount * left.rows : left.rows,
      depth: left.columns, outputs: right.columns, rowStep: rowStep, weightStep: weightStep, isByInput: isByInput,
      kernels: planner.kernels, threadCount: planner.threadCount)
    let places = (left.places(in: batch), right.places(in: batch))
    let size = left.rows * right.columns
    let name = "matrix product \(planner.kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [left.buffer, right.buffer], outputs: [output]) { operands in
      unsafe PartStep(name, images: 1, split: products.split) { part, arena in
        unsafe products.run(groups: part.groups, strips: part.rows) { matrix in
          unsafe MatrixProducts.Operands(
            x: operands[0].pointer(in: arena) + places.0.offset(matrix),
            weight: operands[1].pointer(in: arena) + places.1.offset(matrix), bias: nil,
            y: operands[2].pointer(in: arena) + matrix * size)
        }
      }
    }
    return true
  }

  /// The value where its transpose left it, or in row-major order.
  private static func side(_ value: ValueID, in planner: inout Planner) throws(MTLError) -> Side {
    if let turned = planner.turnedSides[value] { return turned }
    let buffer = try planner.buffer(of: value, as: .planar)
    return Side(buffer: buffer, shape: buffer.shape, strides: strides(of: buffer))
  }

  private static func strides(of buffer: Buffer) -> [Int] {
    [buffer.imageStride] + buffer.shape.rowMajorStrides.dropFirst()
  }

  private static func steps(_ left: Side, _ right: Side) -> (row: Int, weight: Int, isByInput: Bool) {
    let isByInput = right.columns == 1 || right.strides[right.rank - 1] == 1
    return (left.strides[left.rank - 2], right.strides[right.rank - (isByInput ? 2 : 1)], isByInput)
  }

  /// Leaves a value as it is where the product that reads it can: rows of the left side have to lie together, and of the
  /// right side either rows or columns.
  private static func turn(
    _ node: Node, _ transpose: Transpose, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    guard let reader = planner.onlyReader(of: node.outputs[0]), reader.operation is MatMul, hasProducts(reader, planner)
    else { return false }
    let buffer = try planner.buffer(of: node.inputs[0], as: .planar)
    let source = strides(of: buffer)
    let strides = transpose.order.map { source[$0] }
    let isLeft = reader.inputs[0] == node.outputs[0]
    guard strides.suffix(isLeft ? 1 : 2).contains(1) else { return false }
    planner.turnedSides[node.outputs[0]] = Side(
      buffer: buffer, shape: planner.shape(of: node.outputs[0]), strides: strides)
    return true
  }
}
