import CMTLKernels
import MTLGraph

/// Where one image's operands lie. The operands are queries, keys, values, then the scratch memory, then what a step writes
/// besides.
@unsafe struct HalfAttentionPlaces {
  let operands: [Operand]
  let arena: UnsafeMutableRawPointer
  let image: Int

  func input(_ index: Int) -> UnsafeMutablePointer<UInt16> { unsafe operands[index].halves(in: arena, image: image) }

  /// The image's part of a scratch memory.
  func scratch(_ kind: HalfAttentionHeads.Scratch) -> UnsafeMutablePointer<Float> {
    let operand = unsafe operands[3 + kind.rawValue]
    let stride = unsafe operand.buffer.elementCount / operands[0].buffer.imageCount
    return unsafe operand.pointer(in: arena) + image * stride
  }

  /// Of the step that attends: the sums of all items.
  var sums: UnsafeMutablePointer<Float> {
    unsafe operands[3 + HalfAttentionHeads.Scratch.allCases.count].pointer(in: arena)
  }

  /// Of the steps that write it.
  var output: Operand { unsafe operands[operands.count - 1] }
}

/// The heads of one image, and what each of them reads and writes.
struct HalfAttentionHeads {
  /// Memory that the steps of an attention share, in floats; `results` are floats, all else halves.
  enum Scratch: Int, CaseIterable {
    case packedKeys, packedValues, queries, keys, values, results
  }

  let count: Int
  let queries: Int
  let keys: Int
  var writesHalves = false
  /// Channels of one head in the keys and in the values.
  private let depth: Int
  private let width: Int
  private let scale: Float
  private let kernels: KernelSet

  private static let lane = Int(MTLK_HALF_LANE)
  private static let part = Int(MTLK_ATTENTION_PART)

  init(_ attention: Attention, _ inputs: [Buffer], _ planner: Planner) {
    count = attention.heads
    (queries, keys) = (inputs[0].pixelCount, inputs[1].pixelCount)
    (depth, width) = (inputs[0].shape[1] / attention.heads, inputs[2].shape[1] / attention.heads)
    scale = attention.scale ?? 1 / Float(depth).squareRoot()
    kernels = planner.kernels
  }

  private var readsInPlace: Bool { count == 1 || depth % HalfAttentionHeads.lane == 0 }
  var writesInPlace: Bool { count == 1 || width % HalfAttentionHeads.lane == 0 }

  /// Blocks of 32 keys.
  var keyTiles: Int { HalfAttentionHeads.tiles(keys) }
  private var valueBlocks: Int { (width + Layout.lane - 1) / Layout.lane }

  private static func tiles(_ count: Int) -> Int { (count + lane - 1) / lane }

  /// Halves of `count` tokens of so many channels.
  private static func halves(_ channels: Int, _ count: Int) -> Int { tiles(channels) * lane * count }

  /// Floats of one head.
  private func headElementCount(of scratch: Scratch) -> Int {
    let lane = HalfAttentionHeads.lane
    return switch scratch {
    case .packedKeys: HalfAttentionHeads.halves(depth, keyTiles * lane) / 2
    case .packedValues: valueBlocks * Layout.lane * keyTiles * lane / 2
    case .queries: readsInPlace ? 0 : HalfAttentionHeads.halves(depth, queries) / 2
    case .keys: readsInPlace ? 0 : HalfAttentionHeads.halves(depth, keys) / 2
    case .values: writesInPlace ? 0 : HalfAttentionHeads.halves(width, keys) / 2
    case .results: writesInPlace ? 0 : valueBlocks * Layout.lane * queries
    }
  }

  /// Floats of one image.
  func elementCount(of scratch: Scratch) -> Int { count.saturatingProduct(headElementCount(of: scratch)) }

  /// Floats that one item adds up in.
  var sumCount: Int { Int(unsafe withUnsafePointer(to: shape) { unsafe mtlk_attention_sum_count($0) }) }

  /// Queries of an item: all keys and values pass each of them, so that they are as many as the kernel takes together, or
  /// what leaves no thread without work.
  func group(parts: Int, threadCount: Int) -> Int {
    let most = Int(MTLK_ATTENTION_HALF_QUERIES), part = HalfAttentionHeads.part
    guard threadCount > 1 else { return most }
    let even = queries.saturatingProduct(parts) / threadCount
    return min(max((even + part - 1) / part * part, part), most)
  }

  private var shape: mtlk_attention_halves {
    mtlk_attention_halves(
      queries: Int64(queries), keys: Int64(keys), depth_blocks: Int64(HalfAttentionHeads.tiles(depth)),
      value_blocks: Int64(valueBlocks), bias_stride: 0, scale: scale, output_is_half: writesHalves ? 1 : 0)
  }

  @unsafe private func floats(
    _ scratch: Scratch, _ head: Int, _ places: HalfAttentionPlaces
  ) -> UnsafeMutablePointer<Float> {
    unsafe places.scratch(scratch) + head * headElementCount(of: scratch)
  }

  @unsafe private func halves(
    _ scratch: Scratch, _ head: Int, _ places: HalfAttentionPlaces
  ) -> UnsafeMutablePointer<UInt16> {
    unsafe UnsafeMutableRawPointer(floats(scratch, head, places)).assumingMemoryBound(to: UInt16.self)
  }
}

// MARK: - Steps

extension HalfAttentionHeads {
  /// Brings some blocks of 32 keys and of their values into the order of weights. Where heads do not end with blocks, that
  /// is after these tokens of the head, and the same share of the queries, were copied into blocks of their own.
  @unsafe func pair(_ head: Int, _ tiles: Range<Int>, _ places: HalfAttentionPlaces) {
    let lane = HalfAttentionHeads.lane
    let tokens = tiles.lowerBound * lane..<min(tiles.upperBound * lane, keys)
    let functions = unsafe kernels.functions
    var keyImage = unsafe places.input(1) + head * depth * keys
    if !readsInPlace {
      let share = tiles.lowerBound * queries / keyTiles..<tiles.upperBound * queries / keyTiles
      unsafe copy(places.input(0), queries, share, head, depth, to: halves(.queries, head, places))
      unsafe keyImage = halves(.keys, head, places)
      unsafe copy(places.input(1), keys, tokens, head, depth, to: keyImage)
    }
    unsafe functions.pointee.pair_keys(
      keyImage, Int64(keys), Int64(HalfAttentionHeads.tiles(depth)), halves(.packedKeys, head, places),
      Int64(tiles.lowerBound), Int64(tiles.upperBound))
    var valueImage = unsafe places.input(2) + head * width * keys
    if !writesInPlace {
      unsafe valueImage = halves(.values, head, places)
      unsafe copy(places.input(2), keys, tokens, head, width, to: valueImage)
    }
    unsafe functions.pointee.pair_values(
      valueImage, Int64(keys), Int64(valueBlocks), halves(.packedValues, head, places), Int64(tiles.lowerBound),
      Int64(tiles.upperBound))
  }

  /// Some tokens of a head of `depth` channels, from an image of `count` tokens to blocks of as many.
  @unsafe private func copy(
    _ image: UnsafePointer<UInt16>, _ count: Int, _ tokens: Range<Int>, _ head: Int, _ depth: Int,
    to target: UnsafeMutablePointer<UInt16>
  ) {
    let lane = HalfAttentionHeads.lane
    for channel in stride(from: 0, to: depth, by: lane) {
      unsafe mtlk_gather_halves(
        image + tokens.lowerBound * lane, Int64(count), nil, nil, Int64(head * depth + channel),
        Int64(min(depth - channel, lane)), Int64(tokens.count), target + channel * count + tokens.lowerBound * lane)
    }
  }

  @unsafe func attend(_ head: Int, _ range: Range<Int>, _ places: HalfAttentionPlaces, item: Int) {
    var shape = shape
    let queryImage = unsafe readsInPlace ? places.input(0) + head * depth * queries : halves(.queries, head, places)
    unsafe kernels.functions.pointee.attention_halves(
      &shape, queryImage, halves(.packedKeys, head, places), halves(.packedValues, head, places), nil,
      output(head, places), places.sums + item * sumCount, Int64(range.lowerBound), Int64(range.upperBound))
  }

  @unsafe private func output(_ head: Int, _ places: HalfAttentionPlaces) -> UnsafeMutableRawPointer {
    guard writesInPlace else { return unsafe UnsafeMutableRawPointer(floats(.results, head, places)) }
    let (output, first) = unsafe (places.output, head * width * queries)
    guard writesHalves else {
      return unsafe UnsafeMutableRawPointer(output.pointer(in: places.arena, image: places.image) + first)
    }
    return unsafe UnsafeMutableRawPointer(output.halves(in: places.arena, image: places.image) + first)
  }

  @unsafe func scatter(_ head: Int, _ places: HalfAttentionPlaces) {
    unsafe mtlk_scatter(
      floats(.results, head, places), Int64(queries), places.output.pointer(in: places.arena, image: places.image),
      Int64(queries), nil, Int64(head * width), Int64(width), Int64(count * width))
  }
}
