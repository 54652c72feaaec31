import CCairo
import MTLGraph

/// Something to draw on, in pixels from the upper left.
@safe final class Canvas {
  let width: Int
  let height: Int
  private let surface: OpaquePointer
  private let context: OpaquePointer

  /// The longest side that cairo draws on.
  static let maximumSide = 32_000

  init(width: Int, height: Int, background: Color) throws(MTLError) {
    let sides = 1...Canvas.maximumSide
    guard sides.contains(width), sides.contains(height) else {
      throw MTLError(
        .limit, "picture", expected: "sides of at most \(Canvas.maximumSide) pixels", found: "\(width) x \(height)")
    }
    guard let surface = unsafe cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height)),
      let context = unsafe cairo_create(surface), unsafe cairo_status(context) == CAIRO_STATUS_SUCCESS
    else {
      throw MTLError(.outOfMemory, "picture", "no memory for \(width) x \(height) pixels")
    }
    (self.width, self.height) = (width, height)
    unsafe (self.surface, self.context) = (surface, context)
    unsafe cairo_select_font_face(context, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL)
    fill(0, 0, Double(width), Double(height), background)
  }

  deinit {
    unsafe cairo_destroy(context)
    unsafe cairo_surface_destroy(surface)
  }

  func fill(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ color: Color) {
    use(color)
    unsafe cairo_rectangle(context, x, y, width, height)
    unsafe cairo_fill(context)
  }

  func frame(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ color: Color, line: Double) {
    use(color)
    unsafe cairo_set_line_width(context, line)
    unsafe cairo_rectangle(context, x, y, width, height)
    unsafe cairo_stroke(context)
  }

  func disc(_ x: Double, _ y: Double, radius: Double, _ color: Color) {
    use(color)
    unsafe cairo_arc(context, x, y, radius, 0, 2 * Double.pi)
    unsafe cairo_fill(context)
  }

  /// Writes a line of text; `y` is its base line. `align` is 0 for the left end at `x`, 1 for the right end.
  func write(_ text: String, _ x: Double, _ y: Double, size: Double, _ color: Color, align: Double = 0) {
    use(color)
    unsafe cairo_set_font_size(context, size)
    unsafe cairo_move_to(context, x - align * measure(text, size: size), y)
    unsafe cairo_show_text(context, text)
  }

  /// Width of a line of text.
  func measure(_ text: String, size: Double) -> Double {
    var extents = cairo_text_extents_t()
    unsafe cairo_set_font_size(context, size)
    unsafe cairo_text_extents(context, text, &extents)
    return extents.x_advance
  }

  /// Draws a picture into a rectangle, smoothly made smaller or with hard pixels made larger.
  func draw(_ raster: Raster, _ x: Double, _ y: Double, _ width: Double, _ height: Double) throws(MTLError) {
    let image = try Canvas(width: raster.width, height: raster.height, background: .white)
    image.load(raster)
    unsafe cairo_save(context)
    unsafe cairo_translate(context, x, y)
    unsafe cairo_scale(context, width / Double(raster.width), height / Double(raster.height))
    unsafe cairo_set_source_surface(context, image.surface, 0, 0)
    let filter = width < Double(raster.width) ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST
    unsafe cairo_pattern_set_filter(cairo_get_source(context), filter)
    unsafe cairo_rectangle(context, 0, 0, Double(raster.width), Double(raster.height))
    unsafe cairo_fill(context)
    unsafe cairo_restore(context)
  }

  private func load(_ raster: Raster) {
    guard let data = unsafe cairo_image_surface_get_data(surface) else { return }
    let stride = unsafe Int(cairo_image_surface_get_stride(surface))
    for row in 0..<height {
      for column in 0..<width {
        let color = raster[row * width + column]
        let value = UInt32(color.red) << 16 | UInt32(color.green) << 8 | UInt32(color.blue)
        unsafe UnsafeMutableRawPointer(data + row * stride + column * 4).storeBytes(of: value, as: UInt32.self)
      }
    }
    unsafe cairo_surface_mark_dirty(surface)
  }

  /// What was drawn.
  func raster() -> Raster {
    unsafe cairo_surface_flush(surface)
    guard let data = unsafe cairo_image_surface_get_data(surface) else {
      return Raster(width: width, height: height) { _ in .white }
    }
    let stride = unsafe Int(cairo_image_surface_get_stride(surface))
    return Raster(width: width, height: height) { index in
      let value = unsafe UnsafeRawPointer(data + index / width * stride + index % width * 4).load(as: UInt32.self)
      return Color(UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255))
    }
  }

  private func use(_ color: Color) {
    unsafe cairo_set_source_rgb(
      context, Double(color.red) / 255, Double(color.green) / 255, Double(color.blue) / 255)
  }
}
