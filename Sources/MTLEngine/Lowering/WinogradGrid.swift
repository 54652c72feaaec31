import CMTLKernels

/// The tiles of a convolution done Winograd's way, and whether that pays.
enum WinogradGrid {
  /// The grids of tiles that together cover the outputs; none where the direct kernel is better or the only one.
  ///
  /// By geometry alone, so that every instruction set does the same.
  ///
  /// - Parameter isExact: only forms that round no worse than a plain sum.
  static func grids(_ window: mtlk_window, isExact: Bool = false) -> [mtlk_winograd] {
    guard window.input_lane == MTLK_LANE, window.input_blocks >= 2, window.output_channels >= 32 else { return [] }
    let forms = isExact ? [MTLK_TILE_2] : [MTLK_TILE_2, MTLK_TILE_3, MTLK_TILE_4]
    return grids(
      window, forms, .floats, imageBlocks: Int(window.input_blocks), hasZerosOutside: true)
  }

  /// Those of a convolution of bytes, of one group or several.
  ///
  /// - Parameters:
  ///   - window: of the input blocks that an output sees.
  ///   - imageBlocks: of the whole input.
  ///   - hasZerosOutside: whether the input's zero point is 0. Only then are taps outside the image nothing to multiply.
  ///   - tileCost: of the set of kernels.
  static func byteGrids(
    _ window: mtlk_window, _ slices: ChannelSlices, imageBlocks: Int, hasZerosOutside: Bool, tileCost: Int32
  ) -> [mtlk_winograd] {
    guard tileCost > 0, window.input_lane == MTLK_BYTE_LANE, slices.areHalves, window.output_channels >= 16 else {
      return []
    }
    return grids(
      window, [MTLK_TILE_2, MTLK_TILE_3, MTLK_TILE_4], tileCost == 1 ? .bytes : .dotProducts, imageBlocks: imageBlocks,
      hasZerosOutside: hasZerosOutside)
  }

  private static func grids(
    _ window: mtlk_window, _ forms: [Int], _ costs: Costs, imageBlocks: Int, hasZerosOutside: Bool
  ) -> [mtlk_winograd] {
    let forms = forms.map { Int32($0) }
    let axes = [
      Axis(
        window.output_rows, inputs: window.input_rows, taps: window.kernel_rows, dilation: window.dilation_rows,
        padding: window.padding_top),
      Axis(
        window.output_columns, inputs: window.input_columns, taps: window.kernel_columns,
        dilation: window.dilation_columns, padding: window.padding_left),
    ]
    guard window.stride_rows == 1, window.stride_columns == 1, window.kernel_rows * window.kernel_columns > 1,
      let rows = self.axes(axes[0], forms, hasZerosOutside), let columns = self.axes(axes[1], forms, hasZerosOutside)
    else { return [] }
    let grids = rows.flatMap { row in columns.map { mtlk_winograd(rows: row, columns: $0) } }
    let taps = axes.reduce(1) { $0 * (hasZerosOutside ? $1.insideTaps : Int($1.outputs) * Int($1.taps)) }
    return costs.pay(window, grids, taps: taps, imageBlocks: imageBlocks) ? grids : []
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
  private static func axes(_ axis: Axis, _ forms: [Int32], _ hasZerosOutside: Bool) -> [mtlk_winograd_axis]? {
    guard axis.taps != 1 else {
      return [
        mtlk_winograd_axis(
          form: Int32(MTLK_TILE_1), first_phase: 0, phases: 1, tiles: axis.outputs, dilation: 1, padding: axis.padding)
      ]
    }
    guard axis.taps == 3 else { return nil }
    let (length, longer) = axis.outputs.quotientAndRemainder(dividingBy: axis.dilation)
    if length >= 3 || !axis.isSame || !hasZerosOutside {
      return [
        phases(0..<min(axis.dilation, axis.outputs), length: length + (longer > 0 ? 1 : 0), axis, forms, isAlone: false)
      ]
    }
    return [(0..<longer, length + 1), (longer..<axis.dilation, length)].filter { !$0.0.isEmpty && $0.1 > 0 }
      .map { phases($0.0, length: $0.1, axis, forms, isAlone: $0.1 <= 2) }
  }

  private static func phases(
    _ phases: Range<Int32>, length: Int32, _ axis: Axis, _ forms: [Int32], isAlone: Bool
  ) -> mtlk_winograd_axis {
    func tiles(_ form: Int32) -> Int32 {
      let outputs = mtlk_winograd_outputs(form)
      return (length + outputs - 1) / outputs
    }
    var form = Int32(length == 1 ? MTLK_TILE_1 : MTLK_TILE_PAIR)
    if !isAlone {
      // The first of equals rounds least.
      form = forms.min { tiles($0) * mtlk_winograd_positions($0) < tiles($1) * mtlk_winograd_positions($1) } ?? form
    }
    return mtlk_winograd_axis(
      form: form, first_phase: phases.lowerBound, phases: Int32(phases.count), tiles: tiles(form),
      dilation: axis.dilation, padding: isAlone ? 0 : axis.padding)
  }

  /// What one input channel and one block of outputs cost, in multiplications of a block by the direct kernel; measured.
  private struct Costs {
    /// A multiplication, and what transforms add to it: that of the products in front of one block of inputs, and that of the
    /// inputs for one block of outputs.
    let multiplication: Double
    let output: Double
    let input: Double
    /// The weights' transform, once for each strip: that of a position, and what all have in common.
    let position: Double
    let weights: Double
    /// Large dilations leave the direct kernel short runs of taps, which it may do less well.
    let farTap: Double

    static let floats = Costs(
      multiplication: 1.14, output: 0.64, input: 0.73, position: 3.7, weights: 5.5, farTap: 1.22)
    static let bytes = Costs(multiplication: 1.1, output: 0.35, input: 0.4, position: 2, weights: 20, farTap: 1)
    /// In front of a direct kernel with instructions for dot products of bytes, which are twice as quick as those of 16 bits:
    /// reckoned from how many instructions of AVX-512 all parts have, three of which are taken to be done at a time.
    static let dotProducts = Costs(
      multiplication: 2.7, output: 1.5, input: 2.5, position: 22, weights: 0, farTap: 1)

    /// - Parameter taps: that the direct kernel multiplies, of all outputs together.
    func pay(_ window: mtlk_window, _ grids: [mtlk_winograd], taps: Int, imageBlocks: Int) -> Bool {
      let isFar = Int(window.dilation_columns) * 4 > Int(window.output_columns)
      let (inputs, outputs) = (Double(window.input_blocks), Double(window.output_blocks))
      let shared = input * Double(imageBlocks) / (inputs * outputs)
      var cost = 0.0
      for grid in grids {
        let multiplications = Double(grid.tileCount * grid.positionCount)
        cost += multiplications * (multiplication + output / inputs + shared)
        let strips = max(1, (multiplications / Double(WinogradSplit.longestProducts)).rounded(.up))
        cost += (weights + position * Double(grid.positionCount)) * strips
      }
      return cost < Double(taps) * (isFar ? farTap : 1)
    }
  }
}

extension mtlk_winograd {
  var tileCount: Int { Int(rows.phases * rows.tiles) * Int(columns.phases * columns.tiles) }
  /// Multiplications of a tile.
  var positionCount: Int { Int(mtlk_winograd_position_count(self)) }
}
