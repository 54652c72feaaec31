/// How a grid of groups and rows is divided into items: a function of the sizes alone, never of timing.
struct WorkSplit {
  /// Items along the first and second direction.
  let groups: Int
  let strips: Int
  private let groupCount: Int
  private let rowCount: Int

  /// Below this much work for an item, handing it to another thread costs more than it saves.
  private static let smallestItem = 100_000

  /// `work` is that of one of `images` images, which are items of their own. Where more than one strip is wanted for
  /// its own sake, strips come before groups.
  init(groupCount: Int, rowCount: Int, stripsWanted: Int = 1, images: Int = 1, work: Int, threadCount: Int) {
    self.groupCount = max(groupCount, 1)
    self.rowCount = max(rowCount, 1)
    let useful = threadCount == 1 ? 1 : min(4 * threadCount / max(images, 1), work / WorkSplit.smallestItem)
    if stripsWanted > 1 {
      strips = min(self.rowCount, max(stripsWanted, useful))
      groups = max(1, min(self.groupCount, useful / strips))
    } else {
      groups = max(1, min(self.groupCount, useful))
      strips = max(1, min(self.rowCount, useful / groups))
    }
  }

  var itemCount: Int { groups * strips }

  func groupRange(_ item: Int) -> Range<Int> { WorkSplit.part(item / strips, of: groups, groupCount) }
  func rowRange(_ item: Int) -> Range<Int> { WorkSplit.part(item % strips, of: strips, rowCount) }

  private static func part(_ index: Int, of parts: Int, _ count: Int) -> Range<Int> {
    (index * count / parts)..<((index + 1) * count / parts)
  }
}
