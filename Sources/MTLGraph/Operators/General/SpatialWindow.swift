/// How a window of any rank slides: the attributes that convolutions and pools of the standard share.
struct SpatialWindow: Sendable {
  static let maximumTapCount = 1 << 30

  enum AutoPad: String, Sendable, CaseIterable {
    case notSet = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case valid = "VALID"
  }

  /// Empty where the weight says it.
  private let kernel: [Int]
  let strides: [Int]?
  let dilations: [Int]?
  let pads: [Int]?
  let autoPad: AutoPad
  let ceil: Bool

  init(_ attributes: Attributes) throws(MTLError) {
    kernel = try attributes.integers("kernel_shape") ?? []
    strides = try attributes.integers("strides")
    dilations = try attributes.integers("dilations")
    pads = try attributes.integers("pads")
    autoPad = try attributes.choice("auto_pad", default: .notSet)
    ceil = try attributes.flag("ceil_mode")
  }

  /// A window with numbers for each axis of an input.
  struct Resolved {
    let kernel: [Int]
    let strides: [Int]
    let dilations: [Int]
    var before: [Int]
    var behind: [Int]

    var elementCount: Int { kernel.reduce(1, *) }

    /// As the engine's two-dimensional window; nil for another rank.
    var planar: Window? {
      guard kernel.count == 2 else { return nil }
      return Window(
        kernel: .init(kernel[0], kernel[1]), stride: .init(strides[0], strides[1]),
        dilation: .init(dilations[0], dilations[1]),
        padding: .init(top: before[0], left: before[1], bottom: behind[0], right: behind[1]))
    }
  }

  private func list(_ values: [Int]?, _ what: String, count: Int, default standard: Int) throws(MTLError) -> [Int] {
    let values = values ?? [Int](repeating: standard, count: count)
    let range = what == "pads" ? 0...Window.maximumSide : 1...Window.maximumSide
    guard values.count == count, values.allSatisfy({ range.contains($0) }) else {
      throw MTLError(.shapeMismatch, what, expected: "\(count) numbers of \(range)", found: "\(values)")
    }
    return values
  }

  /// - Parameters:
  ///   - sizes: the input's pixels along each axis.
  ///   - weight: the kernel's, where a weight has it.
  func resolved(_ sizes: [Int], weight: [Int]? = nil) throws(MTLError) -> Resolved {
    let rank = sizes.count
    let kernel = try list(weight ?? kernel, "kernel", count: rank, default: 1)
    if let weight, !self.kernel.isEmpty, self.kernel != weight {
      throw MTLError(.shapeMismatch, "kernel_shape", expected: "\(weight)", found: "\(self.kernel)")
    }
    guard kernel.reduce(1, { $0.saturatingProduct($1) }) <= SpatialWindow.maximumTapCount else {
      throw MTLError(
        .limit, "kernel", expected: "at most \(SpatialWindow.maximumTapCount) taps", found: "\(kernel)")
    }
    let pads = try list(pads, "pads", count: 2 * rank, default: 0)
    var window = Resolved(
      kernel: kernel, strides: try list(strides, "strides", count: rank, default: 1),
      dilations: try list(dilations, "dilations", count: rank, default: 1), before: Array(pads[..<rank]),
      behind: Array(pads[rank...]))
    for size in sizes where size > Shape.maximumElementCount >> 8 {
      throw MTLError(.limit, "input", expected: "fewer pixels a side", found: "\(size)")
    }
    switch autoPad {
    case .notSet: break
    case .valid: (window.before, window.behind) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank))
    case .sameUpper, .sameLower:
      for axis in 0..<rank {
        let steps = (sizes[axis] + window.strides[axis] - 1) / window.strides[axis]
        let span = (window.kernel[axis] - 1) * window.dilations[axis] + 1
        let total = max((steps - 1) * window.strides[axis] + span - sizes[axis], 0)
        let (less, more) = (total / 2, total - total / 2)
        window.before[axis] = autoPad == .sameUpper ? less : more
        window.behind[axis] = autoPad == .sameUpper ? more : less
      }
    }
    return window
  }

  func outputSizes(_ sizes: [Int], _ window: Resolved) throws(MTLError) -> [Int] {
    try sizes.indices.map { axis throws(MTLError) in
      let span = (window.kernel[axis] - 1) * window.dilations[axis] + 1
      let room = sizes[axis] + window.before[axis] + window.behind[axis] - span
      guard room >= 0 else {
        throw MTLError(.shapeMismatch, "input", expected: "at least one window of \(window.kernel)", found: "\(sizes)")
      }
      let stride = window.strides[axis]
      let steps = (room + (ceil ? stride - 1 : 0)) / stride + 1
      // A last window that would start in the padding behind does not count.
      return ceil && (steps - 1) * stride >= sizes[axis] + window.before[axis] ? steps - 1 : steps
    }
  }
}

extension SpatialWindow.Resolved {
  /// Calls `body` for each tap of the window at `place` (an output index of the spatial `output` sizes) with the tap's
  /// index and the input's, or nil where it lies in the padding; last whether it lies beyond the padding behind.
  func forEachTap(
    at place: Int, output: [Int], input: [Int], _ body: (_ tap: Int, _ pixel: Int?, _ isBeyond: Bool) -> Void
  ) {
    var starts = [Int](repeating: 0, count: kernel.count)
    var rest = place
    for axis in output.indices.reversed() {
      starts[axis] = rest % output[axis] * strides[axis] - before[axis]
      rest /= output[axis]
    }
    for tap in 0..<elementCount {
      var (rest, pixel, isInside, isBeyond, scale) = (tap, 0, true, false, 1)
      for axis in kernel.indices.reversed() {
        let position = starts[axis] + rest % kernel[axis] * dilations[axis]
        rest /= kernel[axis]
        if position < 0 || position >= input[axis] { isInside = false }
        if position >= input[axis] + behind[axis] { isBeyond = true }
        pixel += position * scale
        scale *= input[axis]
      }
      body(tap, isInside ? pixel : nil, isBeyond)
    }
  }
}
