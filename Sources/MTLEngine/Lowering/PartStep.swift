import MTLGraph

/// A step whose items are parts of images: ranges of groups (mostly blocks of channels) and of rows.
@safe final class PartStep: Step {
  struct Part {
    let image: Int
    let groups: Range<Int>
    let rows: Range<Int>
    /// Counts all parts of all images.
    let item: Int
  }

  let kernelName: String
  let numbers: NumberFormat
  let itemCount: Int
  private let split: WorkSplit
  private let compute: (Part, UnsafeMutableRawPointer) -> Void

  init(
    _ kernelName: String, numbers: NumberFormat = .floats, images: Int, split: WorkSplit,
    compute: @escaping (Part, UnsafeMutableRawPointer) -> Void
  ) {
    self.kernelName = kernelName
    self.numbers = numbers
    self.split = split
    unsafe self.compute = compute
    itemCount = images * split.itemCount
  }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let place = item % split.itemCount
    let part = Part(
      image: item / split.itemCount, groups: split.groupRange(place), rows: split.rowRange(place), item: item)
    unsafe compute(part, arena)
  }
}

extension Planner {
  /// How a step over the blocks and rows of an image's value is split.
  func split(_ buffer: Buffer, workPerElement: Int, splitsRows: Bool = true) -> WorkSplit {
    WorkSplit(
      groupCount: buffer.blockCount, rowCount: splitsRows ? buffer.shape[2] : 1, images: buffer.imageCount,
      work: buffer.imageElementCount.saturatingProduct(workPerElement), threadCount: threadCount)
  }

  /// How a step over the pixels of an image's value is split, where each needs all of its channels.
  func splitPixels(_ buffer: Buffer, workPerElement: Int) -> WorkSplit {
    WorkSplit(
      groupCount: 1, rowCount: buffer.pixelCount, images: buffer.imageCount,
      work: buffer.imageElementCount.saturatingProduct(workPerElement), threadCount: threadCount)
  }
}
