import CMTLKernels
import TestSupport

extension mtlk_winograd {
  var tileCount: Int { Int(rows.phases * rows.tiles * columns.phases * columns.tiles) }
  var positionCount: Int { Int(mtlk_winograd_position_count(self)) }

  /// Grids that cover the outputs, of forms at random among those that the geometry allows.
  static func grids(
    _ window: mtlk_window, hasZerosOutside: Bool = true, _ random: inout SeededRandom
  ) -> [mtlk_winograd] {
    let rows = axes(
      outputs: window.output_rows, inputs: window.input_rows, taps: window.kernel_rows,
      dilation: window.dilation_rows, padding: window.padding_top, hasZerosOutside, &random)
    let columns = axes(
      outputs: window.output_columns, inputs: window.input_columns, taps: window.kernel_columns,
      dilation: window.dilation_columns, padding: window.padding_left, hasZerosOutside, &random)
    return rows.flatMap { row in columns.map { mtlk_winograd(rows: row, columns: $0) } }
  }

  private static func axes(
    outputs: Int32, inputs: Int32, taps: Int32, dilation: Int32, padding: Int32, _ hasZerosOutside: Bool,
    _ random: inout SeededRandom
  ) -> [mtlk_winograd_axis] {
    func axis(_ form: Int, _ phases: Range<Int32>, tiles: Int32 = 1, padding: Int32 = 0) -> mtlk_winograd_axis {
      mtlk_winograd_axis(
        form: Int32(form), first_phase: phases.lowerBound, phases: Int32(phases.count), tiles: tiles,
        dilation: dilation, padding: padding)
    }
    if taps == 1 { return [axis(MTLK_TILE_1, 0..<outputs, padding: padding)] }
    if hasZerosOutside, outputs == inputs, padding == dilation, outputs <= 2 * dilation, !random.once(in: 3) {
      let pairs = max(0, outputs - dilation)
      return [axis(MTLK_TILE_PAIR, 0..<pairs), axis(MTLK_TILE_1, pairs..<min(dilation, outputs))]
        .filter { $0.phases > 0 }
    }
    let form = random.pick([MTLK_TILE_2, MTLK_TILE_3, MTLK_TILE_4])
    let length = (outputs + dilation - 1) / dilation
    let tiles = (length + Int32(form) - 1) / Int32(form)
    return [axis(form, 0..<min(dilation, outputs), tiles: tiles, padding: padding)]
  }
}
