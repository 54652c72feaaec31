import CMTLKernels
import MTLGraph

/// Where one image's operands lie. The operands are queries, keys, values, then the scratch memory, then the output.
@unsafe struct AttentionPlaces {
  let operands: [Operand]
  let arena: UnsafeMutableRawPointer
  let image: Int
  let item: Int

  func input(_ index: Int) -> UnsafeMutablePointer<Float> { unsafe operands[index].pointer(in: arena, image: image) }

  func scratch(_ kind: AttentionHeads.Scratch) -> UnsafeMutablePointer<Float> {
    let operand = unsafe operands[3 + kind.rawValue]
    let stride = unsafe operand.buffer.elementCount / operands[0].buffer.imageCount
    return unsafe operand.pointer(in: arena) + image * stride
  }

  /// Of an item's own, where the step has any: the last operand.
  func memory(elementCount: Int) -> UnsafeMutablePointer<Float> {
    unsafe operands[operands.count - 1].pointer(in: arena) + item * elementCount
  }

  /// Of the steps that write it.
  var output: UnsafeMutablePointer<Float> { unsafe input(3 + AttentionHeads.Scratch.allCases.count) }
}

/// The heads of one image, and what each of them reads and writes.
struct AttentionHeads {
  /// Queries that the kernel takes together.
  static let group = Int(MTLK_ATTENTION_QUERIES)

  /// Memory that the steps of an attention share.
  enum Scratch: Int, CaseIterable {
    case packedKeys, queries, values, results
    /// Of inverted attention.
    case packedQueries, keys, keyBias
  }

  let count: Int
  let queries: Int
  let keys: Int
  let isInverted: Bool
  let grids: ScoreGrids
  /// Channels of one head in the keys and in the values.
  private let depth: Int
  private let width: Int
  private let scale: Float
  private let kernels: KernelSet

  init(_ attention: Attention, _ inputs: [Buffer], _ kernels: KernelSet) {
    count = attention.heads
    isInverted = attention.isInverted
    grids = attention.grids
    (queries, keys) = (inputs[0].pixelCount, inputs[1].pixelCount)
    (depth, width) = (inputs[0].shape[1] / attention.heads, inputs[2].shape[1] / attention.heads)
    scale = attention.scale ?? 1 / Float(depth).squareRoot()
    self.kernels = kernels
  }

  private var readsInPlace: Bool { count == 1 || depth % Layout.lane == 0 }
  var writesInPlace: Bool { count == 1 || width % Layout.lane == 0 }

  /// Strips of tokens that `gather` is split into.
  var strips: Int { blocks(keys) }

  private func blocks(_ count: Int) -> Int { (count + Layout.lane - 1) / Layout.lane }
  private func lanes(_ count: Int) -> Int { blocks(count) * Layout.lane }

  /// Floats of one head.
  private func headElementCount(of scratch: Scratch) -> Int {
    switch scratch {
    case .packedKeys: lanes(keys) * depth
    case .queries: readsInPlace ? 0 : lanes(depth) * queries
    case .values: writesInPlace ? 0 : lanes(width) * keys
    case .results: writesInPlace ? 0 : lanes(width) * queries
    case .packedQueries: isInverted ? lanes(queries) * depth : 0
    case .keys: isInverted && !readsInPlace ? lanes(depth) * keys : 0
    case .keyBias: isInverted ? lanes(keys) : 0
    }
  }

  /// Floats of one image.
  func elementCount(of scratch: Scratch) -> Int { count * headElementCount(of: scratch) }

  /// Queries of an item: what the kernel takes together, or fewer where that would leave threads without work.
  func group(parts: Int, threadCount: Int) -> Int {
    guard threadCount > 1 else { return AttentionHeads.group }
    let even = queries * parts / (4 * threadCount)
    return min(max(even / Layout.lane * Layout.lane, Layout.lane), AttentionHeads.group)
  }

  @unsafe private func place(
    _ scratch: Scratch, _ head: Int, _ places: AttentionPlaces
  ) -> UnsafeMutablePointer<Float> {
    unsafe places.scratch(scratch) + head * headElementCount(of: scratch)
  }
}

// MARK: - Steps

extension AttentionHeads {
  /// Brings the keys of some strips, and of queries and values the same share, into the kernel's order.
  @unsafe func gather(_ head: Int, _ strips: Range<Int>, _ places: AttentionPlaces) {
    let (keyRange, queryRange) = (tokens(strips, of: keys), tokens(strips, of: queries))
    let (queryImage, keyImage) = unsafe (places.input(0), places.input(1))
    unsafe transpose(keyImage, keys, keyRange, head, to: place(.packedKeys, head, places))
    if isInverted { unsafe transpose(queryImage, queries, queryRange, head, to: place(.packedQueries, head, places)) }
    if !readsInPlace {
      unsafe copy(queryImage, queries, queryRange, head, depth, to: place(.queries, head, places))
      if isInverted { unsafe copy(keyImage, keys, keyRange, head, depth, to: place(.keys, head, places)) }
    }
    if !writesInPlace {
      unsafe copy(places.input(2), keys, keyRange, head, width, to: place(.values, head, places))
    }
  }

  /// The share of `count` tokens that belongs to some strips.
  private func tokens(_ strips: Range<Int>, of count: Int) -> Range<Int> {
    func start(_ strip: Int) -> Int { min(strip * blocks(count) / self.strips * Layout.lane, count) }
    return start(strips.lowerBound)..<start(strips.upperBound)
  }

  @unsafe private func transpose(
    _ image: UnsafePointer<Float>, _ count: Int, _ tokens: Range<Int>, _ head: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    unsafe mtlk_gather_transposed(
      image + tokens.lowerBound * Layout.lane, Int64(count), nil, nil, Int64(head * depth), Int64(depth),
      Int64(tokens.count), target + tokens.lowerBound * depth)
  }

  @unsafe private func copy(
    _ image: UnsafePointer<Float>, _ count: Int, _ tokens: Range<Int>, _ head: Int, _ depth: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    for channel in stride(from: 0, to: depth, by: Layout.lane) {
      unsafe mtlk_gather(
        image + tokens.lowerBound * Layout.lane, Int64(count), nil, nil, Int64(head * depth + channel),
        Int64(min(depth - channel, Layout.lane)), Int64(tokens.count),
        target + channel * count + tokens.lowerBound * Layout.lane)
    }
  }

  /// `groups` are groups of keys.
  @unsafe func findKeyBias(_ head: Int, _ groups: Range<Int>, _ places: AttentionPlaces) {
    var shape = mtlk_attention()
    (shape.keys, shape.depth, shape.scale) = (Int64(queries), Int64(depth), scale)
    shape.query_plane = Int64(keys * Layout.lane)
    let rows = unsafe readsInPlace ? places.input(1) + head * depth * keys : place(.keys, head, places)
    let bias = unsafe place(.keyBias, head, places)
    let group = AttentionHeads.group
    unsafe kernels.functions.pointee.attention(
      &shape, rows, place(.packedQueries, head, places), rows, nil, bias, nil, Int64(groups.lowerBound * group),
      Int64(min(groups.upperBound * group, keys)))
  }

  /// Floats that an item of `attend` needs.
  var memoryCount: Int { Int(unsafe withUnsafePointer(to: shape) { unsafe mtlk_attention_memory($0) }) }

  private var shape: mtlk_attention {
    var shape = mtlk_attention()
    (shape.keys, shape.depth, shape.value_blocks) = (Int64(keys), Int64(depth), Int64(blocks(width)))
    (shape.query_plane, shape.value_plane) = (Int64(queries * Layout.lane), Int64(keys * Layout.lane))
    (shape.output_plane, shape.scale) = (shape.query_plane, scale)
    if isInverted { shape.smallest_sum = Attention.smallestSum }
    shape.round(to: grids)
    return shape
  }

  @unsafe func attend(_ head: Int, _ range: Range<Int>, _ places: AttentionPlaces) {
    var shape = shape
    let memoryCount = memoryCount
    unsafe kernels.functions.pointee.attention(
      &shape, readsInPlace ? places.input(0) + head * depth * queries : place(.queries, head, places),
      place(.packedKeys, head, places),
      writesInPlace ? places.input(2) + head * width * keys : place(.values, head, places),
      isInverted ? place(.keyBias, head, places) : nil,
      writesInPlace ? places.output + head * width * queries : place(.results, head, places),
      memoryCount > 0 ? places.memory(elementCount: memoryCount) : nil, Int64(range.lowerBound), Int64(range.upperBound)
    )
  }

  @unsafe func scatter(_ head: Int, _ places: AttentionPlaces) {
    unsafe mtlk_scatter(
      place(.results, head, places), Int64(queries), places.output, Int64(queries), nil, Int64(head * width),
      Int64(width), Int64(count * width))
  }
}
