import MTLGraph

/// Turns a node into steps of a plan. One file for each family of kernels; the first that takes a node has it.
protocol Lowering: SendableMetatype {
  /// False if this lowering has no kernel for the node.
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool
}

/// Every lowering of single nodes, in the order in which they are asked; convolutions come before, several at once
/// (`ConvolutionLowering`). The last one takes everything.
let lowerings: [any Lowering.Type] = [
  ByteLowering.self,
  ByteTableLowering.self,
  HalfLowering.self,
  NarrowPoolLowering.self,
  ViewLowering.self,
  DepthwiseByteLowering.self,
  GroupedConvolutionLowering.self,
  ConvolutionTransposeByteLowering.self,
  ConvolutionTransposeLowering.self,
  PoolingLowering.self,
  IndexPoolingLowering.self,
  GemmLowering.self,
  BatchNormalizationLowering.self,
  NormalizationLowering.self,
  SoftmaxLowering.self,
  CombineLowering.self,
  GroupLowering.self,
  ChannelGroupLowering.self,
  RowLowering.self,
  ResizeLowering.self,
  HalfAttentionLowering.self,
  AttentionLowering.self,
  HalfWindowAttentionLowering.self,
  WindowAttentionLowering.self,
  CopyLowering.self,
  SpaceToDepthLowering.self,
  FlattenLowering.self,
  ActivationLowering.self,
  MatrixProductLowering.self,
  PlanarCopyLowering.self,
  PlanarMathLowering.self,
  PlanarNormalizationLowering.self,
  IndexedCopyLowering.self,
  ReductionLowering.self,
  ReferenceLowering.self,
]
