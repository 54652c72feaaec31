import CMTLKernels
import MTLGraph
import MTLNetworks
import Synchronization

/// Threads that pictures are prepared on.
public protocol PreparationThreads: AnyObject {
  /// How many pieces can make progress at once, at least 1.
  var width: Int { get }
  /// Calls `preparer.run(piece:)` for every number below `count`, in any order and on any thread, and returns when all
  /// are done.
  func run(_ preparer: ImagePreparer, count: Int)
}

/// Turns pictures of any size into a network's input: orientation, colour, resize, normalisation.
///
/// Two passes: strips of 16 rows are resized across, and from what comes out every row of the input is mixed and
/// normalised. Rows and columns that the input does not show are never touched. Keeps its buffers and the plans of the
/// last few sizes, so that they need no memory when they come again. For one caller at a time; what it writes does not
/// depend on the threads.
@safe public final class ImagePreparer {
  private let input: InputDescription
  private let channels: Int
  private let kernels: UnsafePointer<mtlk_kernel_set>
  /// The network's value for every 8-bit value of each channel, computed in float32 in the order in which torchvision
  /// does it, so that the numbers are the same bits.
  private let table: [Float]
  private let means: [Float]
  private let deviations: [Float]
  private var plans = RecentList<PicturePlan>(capacity: 16)
  /// All used rows of the picture at resized width.
  private var lines: HeapBuffer<UInt8>?
  /// Memory of each piece, one behind the other.
  private var workspaces: HeapBuffer<UInt8>?
  /// What the pieces work on, and the number of its next part.
  private var job: Job?
  private let nextPart = Atomic<Int>(0)

  @safe private struct Job {
    enum Stage {
      case across, down
    }

    let image: PixelView
    let plan: PicturePlan
    let target: UnsafeMutablePointer<Float>
    let lines: UnsafeMutableRawPointer
    let workspaces: UnsafeMutableRawPointer
    let layout: WorkspaceLayout
    var stage = Stage.across
  }

  /// Rows of the picture in a strip, and rows of the input that one part of the work makes.
  private static let stripRows = Int(MTLK_LANE)
  private static let partRows = 8
  /// Pixels below which waking a thread takes longer than they do.
  private static let parallelPixels = 1 << 16

  /// Bytes of a piece's memory: where rows begin, a strip, a row as grey levels and as floats.
  private struct WorkspaceLayout {
    let strip = unsafe ImagePreparer.stripRows * MemoryLayout<UnsafePointer<UInt8>?>.stride
    let levels: Int
    let floats: Int
    let byteCount: Int

    init(_ plan: PicturePlan, channels: Int) {
      func rounded(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
      // Grey is made of three colours in place.
      levels = strip + (plan.isCopy ? 0 : rounded(plan.columns.used.count * 3 * ImagePreparer.stripRows))
      let values = plan.fit.columns.shown.count * channels
      floats = levels + rounded(values)
      byteCount = floats + rounded(values * MemoryLayout<Float>.stride)
    }
  }

  /// `instructionSet` is one of the kernels' (`MTLK_SCALAR` ...).
  public init(_ input: InputDescription, instructionSet: Int32 = mtlk_best_isa()) {
    self.input = input
    channels = input.color.channelCount
    unsafe kernels = mtlk_kernels(instructionSet) ?? mtlk_kernels(Int32(MTLK_SCALAR))
    means = input.mean.map { Float($0) }
    deviations = input.standardDeviation.map { Float($0) }
    let (low, high) = (Float(input.range[0]), Float(input.range[1]))
    table = zip(means, deviations).flatMap { mean, deviation in
      (0..<256).map { value in (Float(value) / 255 * (high - low) + low - mean) / deviation }
    }
  }

  /// Writes one picture as `height` x `width` x channels floats, fitted to that size. Fails only with `.outOfMemory`.
  @unsafe public func prepare(
    _ image: PixelView, width: Int, height: Int, into target: UnsafeMutablePointer<Float>,
    on threads: (any PreparationThreads)? = nil
  ) throws(MTLError) {
    let plan = plans.find(
      where: { $0.isFor(picture: (image.width, image.height), input: (width, height)) },
      orMake: { PicturePlan(input, picture: (image.width, image.height), input: (width, height)) })
    let pixels = plan.columns.used.count * plan.rows.used.count + width * height
    let pieces = pixels < ImagePreparer.parallelPixels ? 1 : max(threads?.width ?? 1, 1)
    let layout = WorkspaceLayout(plan, channels: channels)
    let values = plan.isCopy ? 0 : plan.rows.used.count * plan.columns.count * channels
    let lines = try room(for: values * plan.mixing.elementSize, in: &lines)
    let workspaces = try room(for: pieces * layout.byteCount, in: &workspaces)
    job = unsafe Job(
      image: image, plan: plan, target: target, lines: UnsafeMutableRawPointer(lines.base),
      workspaces: UnsafeMutableRawPointer(workspaces.base), layout: layout)
    defer { job = nil }
    if !plan.isCopy { run(.across, pieces, threads) }
    run(.down, pieces, threads)
  }

  private func run(_ stage: Job.Stage, _ pieces: Int, _ threads: (any PreparationThreads)?) {
    job?.stage = stage
    nextPart.store(0, ordering: .relaxed)
    if let threads, pieces > 1 { threads.run(self, count: pieces) } else { run(piece: 0) }
  }

  /// Takes parts of the present work until none is left. Called by `PreparationThreads`.
  public func run(piece: Int) {
    guard let job else { return }
    let workspace = unsafe job.workspaces + piece * job.layout.byteCount
    let (rows, step) =
      job.stage == .across
      ? (job.plan.rows.used.count, ImagePreparer.stripRows) : (job.plan.fit.rows.input, ImagePreparer.partRows)
    while true {
      let first = nextPart.wrappingAdd(1, ordering: .relaxed).oldValue * step
      guard first < rows else { return }
      let part = first..<min(first + step, rows)
      switch job.stage {
      case .across: unsafe resizeAcross(job, part, workspace)
      case .down: for row in part { unsafe makeRow(job, row, workspace) }
      }
    }
  }

  /// Brings a strip of used rows to the resized width.
  private func resizeAcross(_ job: Job, _ part: Range<Int>, _ workspace: UnsafeMutableRawPointer) {
    let (columns, used) = (job.plan.columns, job.plan.rows.used)
    let rows = unsafe workspace.assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
    var step = 0
    for lane in 0..<ImagePreparer.stripRows {
      // A strip at the end is filled up with its last row.
      let row = unsafe job.image.row(used[min(part.lowerBound + lane, part.upperBound - 1)])
      unsafe rows[lane] = row.first
      step = unsafe row.step
    }
    let strip = unsafe (workspace + job.layout.strip).assumingMemoryBound(to: UInt8.self)
    unsafe fetch(job.image, rows, step, columns.used, into: strip)
    let stride = columns.count * channels
    let line = unsafe job.lines + part.lowerBound * stride * job.plan.mixing.elementSize
    unsafe withUnsafeTaps(columns) { taps in
      if case .bytes = job.plan.mixing {
        unsafe kernels.pointee.resample_columns(
          strip, taps, columns.integers, Int32(channels), line.assumingMemoryBound(to: UInt8.self), Int64(stride),
          Int32(part.count))
      } else {
        unsafe kernels.pointee.resample_columns_float(
          strip, taps, columns.floats, Int32(channels), line.assumingMemoryBound(to: Float.self), Int64(stride),
          Int32(part.count))
      }
    }
  }

  /// The used pixels of 16 rows in the network's colours.
  private func fetch(
    _ image: PixelView, _ rows: UnsafeMutablePointer<UnsafePointer<UInt8>?>, _ step: Int, _ used: Taps.Used,
    into strip: UnsafeMutablePointer<UInt8>
  ) {
    let (offsets, size) = (colorOffsets(image.format), Int32(image.format.bytesPerPixel))
    switch used {
    case .range(let range):
      unsafe kernels.pointee.pixel_strip(
        rows, Int64(step), size, nil, Int32(range.lowerBound), Int32(range.count), offsets.0, offsets.1, offsets.2,
        Int32(channels), strip)
    case .list(let list):
      unsafe kernels.pointee.pixel_strip(
        rows, Int64(step), size, list, 0, Int32(list.count), offsets.0, offsets.1, offsets.2, Int32(channels), strip)
    }
  }

  @unsafe private func withUnsafeTaps(_ taps: Taps, _ body: (UnsafePointer<mtlk_taps>) -> Void) {
    unsafe taps.first.withUnsafeBufferPointer { first in
      unsafe taps.lengths.withUnsafeBufferPointer { lengths in
        var description = unsafe mtlk_taps(
          first: first.baseAddress, lengths: lengths.baseAddress, count: Int32(taps.count), places: Int32(taps.places))
        unsafe body(&description)
      }
    }
  }

  /// One row of the input: the picture, and what fills up on either side or everywhere.
  private func makeRow(_ job: Job, _ row: Int, _ workspace: UnsafeMutableRawPointer) {
    let (fit, rowValues) = (job.plan.fit, job.plan.fit.columns.input * channels)
    let target = unsafe job.target + row * rowValues
    guard fit.rows.visible.contains(row) else { return unsafe fill(target, fit.columns.input, fit.fill) }
    let visible = fit.columns.visible
    unsafe fill(target, visible.lowerBound, fit.fill)
    unsafe fill(target + visible.upperBound * channels, fit.columns.input - visible.upperBound, fit.fill)
    let index = row - fit.rows.visible.lowerBound
    let levels = unsafe (workspace + job.layout.levels).assumingMemoryBound(to: UInt8.self)
    let floats = unsafe (workspace + job.layout.floats).assumingMemoryBound(to: Float.self)
    let pixels = unsafe target + visible.lowerBound * channels
    if job.plan.isCopy {
      unsafe convert(job, row: fit.rows.shown.lowerBound + index, into: levels)
    } else if case .floats = job.plan.mixing {
      unsafe mix(job, index, levels, floats)
      return unsafe mtlk_normalize_floats(
        floats, pixels, Int64(visible.count), Int32(channels), Float(input.range[0]), Float(input.range[1]), means,
        deviations)
    } else {
      unsafe mix(job, index, levels, floats)
    }
    unsafe mtlk_normalize(levels, pixels, Int64(visible.count), Int32(channels), table)
  }

  /// Mixes a row of the resized picture: floats, or grey levels, which may come of floats.
  private func mix(
    _ job: Job, _ index: Int, _ levels: UnsafeMutablePointer<UInt8>, _ floats: UnsafeMutablePointer<Float>
  ) {
    let (taps, stride) = (job.plan.rows, job.plan.columns.count * channels)
    let (first, length) = (Int(taps.first[index]), taps.lengths[index])
    let place = first * stride
    let bytes = unsafe job.lines.assumingMemoryBound(to: UInt8.self) + place
    let sums = unsafe job.lines.assumingMemoryBound(to: Float.self) + place
    switch job.plan.mixing {
    case .bytes:
      unsafe taps.integers.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress else { return }
        unsafe kernels.pointee.resample_rows(
          bytes, Int64(stride), length, weights + index * taps.places, levels, Int64(stride))
      }
    case .blend(let shifts):
      unsafe taps.integers.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress else { return }
        unsafe kernels.pointee.blend_rows(
          sums, sums + (Int(length) - 1) * stride, weights + index * taps.places, shifts, levels, Int64(stride))
      }
    case .levels, .floats:
      unsafe taps.floats.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress else { return }
        unsafe kernels.pointee.resample_rows_float(
          sums, Int64(stride), length, weights + index * taps.places, floats, Int64(stride))
      }
    }
    if case .levels(let factor, let wraps) = job.plan.mixing {
      unsafe kernels.pointee.grey_levels(floats, levels, Int64(stride), factor, wraps ? 1 : 0)
    }
  }

  /// The shown part of a row in the network's colours.
  private func convert(_ job: Job, row: Int, into levels: UnsafeMutablePointer<UInt8>) {
    let source = unsafe job.image.row(row)
    let (offsets, shown) = (colorOffsets(job.image.format), job.plan.fit.columns.shown)
    unsafe mtlk_convert_row(
      source.first + shown.lowerBound * source.step, Int64(source.step), offsets.0, offsets.1, offsets.2, levels,
      Int32(shown.count), Int32(channels))
  }

  /// Byte offsets of the network's three colours in a pixel, in its order.
  private func colorOffsets(_ format: PixelFormat) -> (Int32, Int32, Int32) {
    let offsets = format.channelOffsets
    return input.color == .bgr
      ? (offsets.blue, offsets.green, offsets.red) : (offsets.red, offsets.green, offsets.blue)
  }

  private func fill(_ target: UnsafeMutablePointer<Float>, _ pixels: Int, _ level: UInt8) {
    for pixel in 0..<pixels {
      for channel in 0..<channels { unsafe target[pixel * channels + channel] = table[channel * 256 + Int(level)] }
    }
  }

  /// The buffer, made larger if it has to be.
  private func room(
    for byteCount: Int, in buffer: inout HeapBuffer<UInt8>?
  ) throws(MTLError) -> HeapBuffer<UInt8> {
    if let buffer, buffer.count >= byteCount { return buffer }
    let larger = try HeapBuffer<UInt8>(count: byteCount, of: "picture")
    buffer = larger
    return larger
  }
}
