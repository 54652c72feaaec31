/// Places buffers in one arena so that those whose lifetimes overlap never share a byte.
///
/// Greedy by size, largest first, each at the lowest offset that is free for its whole lifetime: within a few percent
/// of optimal on networks (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
struct MemoryPlan {
  struct Request {
    let byteCount: Int
    /// First and last step that touches the buffer.
    var lifetime: ClosedRange<Int>
  }

  /// Byte offset of each request, in their order.
  let offsets: [Int]
  let byteCount: Int

  init(_ requests: [Request]) {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    let sizes = requests.map { ($0.byteCount + Arena.alignment - 1) / Arena.alignment * Arena.alignment }
    for index in requests.indices.sorted(by: { (-sizes[$0], $0) < (-sizes[$1], $1) }) {
      var offset = 0
      for other in placed where requests[other].lifetime.overlaps(requests[index].lifetime) {
        if offset + sizes[index] <= offsets[other] { break }
        offset = max(offset, offsets[other] + sizes[other])
      }
      offsets[index] = offset
      placed.append(index)
      placed.sort { offsets[$0] < offsets[$1] }
    }
    self.offsets = offsets
    byteCount = requests.indices.map { offsets[$0] + sizes[$0] }.max() ?? 0
  }
}
