import MTLGraph

/// Where the outputs of a plan lie in the memory of a result, made once with the plan.
public final class OutputLayout: Sendable {
  /// Images in the batch.
  public let batch: Int
  /// Indices of the tasks.
  public let tasks: [Int]
  /// Shape and first float of each output, by position in `tasks`.
  public let shapes: [Shape]
  public let offsets: [Int]
  /// Floats of all outputs together.
  public let elementCount: Int

  init(batch: Int, tasks: [Int], shapes: [Shape]) {
    self.batch = batch
    self.tasks = tasks
    self.shapes = shapes
    var offsets: [Int] = []
    var count = 0
    for shape in shapes {
      offsets.append(count)
      // Each output begins on a cache line.
      count += (shape.elementCount + Layout.lane - 1) / Layout.lane * Layout.lane
    }
    self.offsets = offsets
    elementCount = count
  }
}
