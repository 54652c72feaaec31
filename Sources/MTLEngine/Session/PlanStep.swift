import MTLGraph

/// One step of a plan, for people.
public struct PlanStep: Sendable, Equatable {
  /// What it computes: one node of the graph, or several.
  public let node: String
  /// The part of the network that it belongs to.
  public let segment: Segment
  /// The kernel, or the operator that runs its reference evaluation.
  public let kernel: String
  /// What the kernel multiplies.
  public let numbers: NumberFormat
  /// As the definition of its operators counts them, whatever the kernel saves.
  public let multiplyAccumulates: Int
  /// Of the last run; 0 before one, and where the network ran node by node.
  public let nanoseconds: UInt64
}
