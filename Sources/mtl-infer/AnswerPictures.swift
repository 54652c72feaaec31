import ImageFiles
import MTLGraph
import MTLNetworks
import MTLTasks
import TaskPictures

/// Pictures of one picture's answers: one for each dense task, one of the classes over the picture, and a sheet of all.
struct AnswerPictures {
  let picture: Raster
  let title: String

  /// Width of a picture on the sheet.
  private static let panelWidth = 420

  /// What `--out` writes: the end of a file name, and a PNG file.
  func files(
    _ answers: [(task: TaskDescription, answer: TaskAnswer, maps: TaskMaps)]
  ) throws(MTLError) -> [(name: String, bytes: [UInt8])] {
    var files: [(name: String, bytes: [UInt8])] = []
    var panels = [Panel.input(picture, title: title)]
    for (task, answer, maps) in answers {
      let panel = try panel(task, answer, maps)
      if let map = maps.labels {
        let over = Panel.segmentation(map, title: task.name, labels: task.labels, palette: task.palette, over: picture)
        files.append(("\(task.name).overlay", try png(over)))
        panels.append(over)
      } else {
        panels.append(panel)
      }
      if maps.isDense || answer.objects != nil { files.append((task.name, try png(panel))) }
    }
    let columns = panels.count <= 3 ? panels.count : Int(Double(panels.count).squareRoot().rounded(.up))
    files.append(("sheet", try png(Sheet.draw(panels, columns: columns, panelWidth: AnswerPictures.panelWidth))))
    return files
  }

  private func panel(
    _ task: TaskDescription, _ answer: TaskAnswer, _ maps: TaskMaps
  ) throws(MTLError) -> Panel {
    if let map = maps.labels { return .segmentation(map, title: task.name, labels: task.labels, palette: task.palette) }
    if let map = maps.normals { return .normals(map, title: task.name) }
    if let map = maps.scalars {
      let isMeasured = task.kind == .depth || task.kind == .disparity
      return isMeasured
        ? .measured(map, title: task.name, unit: task.unit, isDistance: task.kind == .depth)
        : .probable(map, title: task.name)
    }
    if let objects = answer.objects { return try .objects(objects.map(\.drawn), title: task.name, on: picture) }
    return .words([answer.text], title: task.name, picture: picture)
  }

  private func png(_ panel: Panel) throws(MTLError) -> [UInt8] {
    try png(Sheet.draw([panel], columns: 1, panelWidth: nil))
  }

  private func png(_ raster: Raster) throws(MTLError) -> [UInt8] {
    try ImageFile.encodePNG(width: raster.width, height: raster.height, channels: 3, pixels: raster.pixels)
  }
}

extension TaskDescription {
  fileprivate var palette: [Color] { convention.palette.map { Color($0[0], $0[1], $0[2]) } }
}

extension TaskMaps {
  fileprivate var isDense: Bool { labels != nil || scalars != nil || normals != nil }
}

extension FoundObject {
  fileprivate var drawn: DrawnObject {
    DrawnObject(
      label: "\(label) \(Format.percent(score))", index: index,
      box: Box(left: box[0], top: box[1], right: box[2], bottom: box[3]),
      points: (keyPoints ?? []).map { Point(x: $0.x, y: $0.y) })
  }
}
