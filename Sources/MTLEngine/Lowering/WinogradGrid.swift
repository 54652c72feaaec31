import CMTLKernels

/// The tiles of a convolution done Winograd's way, and whether that pays.
enum WinogradGrid {
  /// The grids of tiles that together cover the outputs; none where the direct kernel is better or the only one.
  ///
  /// By geometry alone, so that every instruction set does the same.
  ///
  /// - Parameter isExact: only forms that round no worse than a plain sum.
  static func grids(_ window: mtlk_window, isExact: Bool = false) -> [mtlk_winograd] {
    let forms = (isExact ? [MTLK_TILE_2] : [MTLK_TILE_2, MTLK_TILE_3, MTLK_TILE_4]).map { Int32($0) }
    guard window.stride_rows == 1, window.stride_columns == 1, window.input_lane == MTLK_LANE,
      window.input_blocks >= 2, window.output_channels >= 32,
      let rows = axes(
        Axis(
          window.output_rows, inputs: window.input_rows, taps: window.kernel_rows, dilation: window.dilation_rows,
          padding: window.padding_top), forms),
      let columns = axes(
        Axis(
          window.output_columns, inputs: window.input_columns, taps: window.kernel_columns,
          dilation: window.dilation_columns, padding: window.padding_left), forms),
      window.kernel_rows * window.kernel_columns > 1
    else { return [] }
    let grids = rows.flatMap { row in columns.map { mtlk_winograd(rows: row, columns: $0) } }
    return pays(window, grids) ? grids : []
  }

  /// One axis of a convolution.
  private struct Axis {
    let outputs: Int32
    let inputs: Int32
    let taps: Int32
    let dilation: Int32
    let padding: Int32

    init(_ outputs: Int32, inputs: Int32, taps: Int32, dilation: Int32, padding: Int32) {
      (self.outputs, self.inputs, self.taps) = (outputs, inputs, taps)
      (self.dilation, self.padding) = (dilation, padding)
    }

    /// Whether the outputs of a phase see exactly the inputs of the phase, with zeros before and after.
    var isSame: Bool { outputs == inputs && padding == dilation }

    /// Taps, of all outputs together, that lie inside the image.
    var insideTaps: Int {
      (0..<taps).reduce(0) { sum, tap in
        let shift = tap * dilation - padding
        return sum + max(0, Int(min(outputs, inputs - shift) - max(0, -shift)))
      }
    }
  }

  /// How an axis is cut into tiles: phases of one or two outputs have forms of their own where they are alone.
  private static func axes(_ axis: Axis, _ forms: [Int32]) -> [mtlk_winograd_axis]? {
    guard axis.taps != 1 else {
      return [
        mtlk_winograd_axis(
          form: Int32(MTLK_TILE_1), first_phase: 0, phases: 1, tiles: axis.outputs, dilation: 1, padding: axis.padding)
      ]
    }
    guard axis.taps == 3 else { return nil }
    let (length, longer) = axis.outputs.quotientAndRemainder(dividingBy: axis.dilation)
    if length >= 3 || !axis.isSame {
      return [phases(0..<min(axis.dilation, axis.outputs), length: length + (longer > 0 ? 1 : 0), axis, forms)]
    }
    return [(0..<longer, length + 1), (longer..<axis.dilation, length)].filter { !$0.0.isEmpty && $0.1 > 0 }
      .map { phases($0.0, length: $0.1, axis, forms) }
  }

  private static func phases(
    _ phases: Range<Int32>, length: Int32, _ axis: Axis, _ forms: [Int32]
  ) -> mtlk_winograd_axis {
    func tiles(_ form: Int32) -> Int32 {
      let outputs = mtlk_winograd_outputs(form)
      return (length + outputs - 1) / outputs
    }
    var form = Int32(length == 1 ? MTLK_TILE_1 : MTLK_TILE_PAIR)
    let isAlone = length <= 2 && axis.isSame
    if !isAlone {
      // The first of equals rounds least.
      form = forms.min { tiles($0) * mtlk_winograd_positions($0) < tiles($1) * mtlk_winograd_positions($1) } ?? form
    }
    return mtlk_winograd_axis(
      form: form, first_phase: phases.lowerBound, phases: Int32(phases.count), tiles: tiles(form),
      dilation: axis.dilation, padding: isAlone ? 0 : axis.padding)
  }

  /// Compares what one input channel and one block of outputs cost, in multiplications of a block; the factors are
  /// measured. Large dilations leave the direct kernel short runs of taps, which it does less well.
  private static func pays(_ window: mtlk_window, _ grids: [mtlk_winograd]) -> Bool {
    let taps =
      Axis(
        window.output_rows, inputs: window.input_rows, taps: window.kernel_rows, dilation: window.dilation_rows,
        padding: window.padding_top
      ).insideTaps
      * Axis(
        window.output_columns, inputs: window.input_columns, taps: window.kernel_columns,
        dilation: window.dilation_columns, padding: window.padding_left
      ).insideTaps
    let isFar = Int(window.dilation_columns) * 4 > Int(window.output_columns)
    let direct = Double(taps) * (isFar ? 1.4 : 1.15)
    let (inputs, outputs) = (Double(window.input_blocks), Double(window.output_blocks))
    var cost = 0.0
    for grid in grids {
      let multiplications = Double(grid.tileCount * grid.positionCount)
      cost += multiplications * (1.25 + 0.7 / inputs + 0.8 / outputs)
      // The weights' transform, once for each strip.
      cost += Double(6 + 4 * grid.positionCount) * max(1, (multiplications / 4000).rounded(.up))
    }
    return 1.05 * cost < direct
  }
}

extension mtlk_winograd {
  var tileCount: Int { Int(rows.phases * rows.tiles) * Int(columns.phases * columns.tiles) }
  /// Multiplications of a tile.
  var positionCount: Int { Int(mtlk_winograd_positions(rows.form) * mtlk_winograd_positions(columns.form)) }
}
