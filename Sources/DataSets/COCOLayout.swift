import FoundationEssentials
import MTLGraph

/// COCO's JSON of boxes and key points (`instances_val2017.json`, `person_keypoints_val2017.json`): the objects of each
/// picture as `objects`, and as `key_points` where the file has any. Masks are not read.
enum COCOLayout {
  private struct File: Decodable {
    struct Image: Decodable {
      let id: Int
      let file_name: String
    }

    struct Annotation: Decodable {
      let image_id: Int
      let category_id: Int
      let bbox: [Double]
      let area: Double?
      let iscrowd: Flag?
      let keypoints: [Double]?
    }

    /// 0 or 1, or false or true.
    struct Flag: Decodable {
      let isSet: Bool

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        isSet = try (try? container.decode(Bool.self)) ?? (container.decode(Int.self) != 0)
      }
    }

    struct Category: Decodable {
      let id: Int
      let name: String
    }

    let images: [Image]
    let annotations: [Annotation]
    let categories: [Category]
  }

  static func open(_ path: String) throws(MTLError) -> DataSet {
    let file = try read(path)
    let categories = Dictionary(
      file.categories.sorted { $0.id < $1.id }.enumerated().map { ($1.id, (name: $1.name, index: $0)) },
      uniquingKeysWith: { first, _ in first })
    guard categories.count == file.categories.count else {
      throw MTLError(.badFormat, path, "two categories have the same id")
    }
    let known = Set(file.images.map(\.id))
    guard known.count == file.images.count else { throw MTLError(.badFormat, path, "two pictures have the same id") }
    var objects: [Int: [ObjectAnnotation]] = [:]
    for (index, annotation) in file.annotations.enumerated() {
      let place = "\(path), annotation \(index)"
      guard let category = categories[annotation.category_id] else {
        throw MTLError(.badFormat, place, "has category \(annotation.category_id), which the file does not have")
      }
      guard known.contains(annotation.image_id) else {
        throw MTLError(.badFormat, place, "is of picture \(annotation.image_id), which the file does not have")
      }
      objects[annotation.image_id, default: []].append(try object(annotation, category, place))
    }
    let hasKeyPoints = file.annotations.contains { $0.keypoints != nil }
    let folder = try pictureFolder(path, file.images.first?.file_name)
    // pycocotools goes by id, which decides between equal scores.
    let samples = file.images.sorted { $0.id < $1.id }.map { image in
      let own = objects[image.id] ?? []
      var truths: [String: DataSet.Truth] = ["objects": .objects(own)]
      if hasKeyPoints { truths["key_points"] = .objects(own.filter { !$0.keyPoints.isEmpty }) }
      return DataSet.Sample(
        name: image.file_name, input: .picture(path: place(image.file_name, folder)), truths: truths)
    }
    return DataSet(
      layout: "COCO's JSON of \(file.annotations.count) objects in \(file.categories.count) categories",
      samples: samples,
      categories: file.categories.sorted { $0.id < $1.id }.map(\.name))
  }

  private static func read(_ path: String) throws(MTLError) -> File {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw MTLError(.inputOutput, path, "cannot be read")
    }
    do {
      return try JSONDecoder().decode(File.self, from: data)
    } catch DecodingError.keyNotFound(let key, let context) {
      throw MTLError(.badFormat, path, "is not COCO's JSON: \(name(context.codingPath)) has no '\(key.stringValue)'")
    } catch DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context) {
      throw MTLError(.badFormat, path, "is not COCO's JSON: \(name(context.codingPath)) is no \(type)")
    } catch DecodingError.dataCorrupted(let context) {
      let place = context.codingPath.isEmpty ? "" : "\(name(context.codingPath)): "
      throw MTLError(.badFormat, path, "is not COCO's JSON: \(place)\(context.debugDescription)")
    } catch {
      throw MTLError(.badFormat, path, "is not COCO's JSON: \(error)")
    }
  }

  private static func place(_ file: String, _ folder: String) -> String {
    file.hasPrefix("/") ? file : "\(folder)/\(file)"
  }

  private static func name(_ path: [any CodingKey]) -> String {
    path.isEmpty ? "it" : path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }

  private static func object(
    _ annotation: File.Annotation, _ category: (name: String, index: Int), _ place: String
  ) throws(MTLError) -> ObjectAnnotation {
    let box = annotation.bbox
    guard box.count == 4, box.allSatisfy(\.isFinite), box[2] >= 0, box[3] >= 0 else {
      throw MTLError(.badFormat, place, expected: "a bbox of left, top, width, height", found: "\(box)")
    }
    guard annotation.area.map({ $0 >= 0 }) ?? true else { throw MTLError(.badFormat, place, "has an area below 0") }
    let points = annotation.keypoints ?? []
    guard points.count % 3 == 0 else {
      throw MTLError(.badFormat, place, expected: "three numbers for each key point", found: "\(points.count)")
    }
    return ObjectAnnotation(
      category: category.name, categoryIndex: category.index, left: box[0], top: box[1], width: box[2], height: box[3],
      area: annotation.area ?? box[2] * box[3], isCrowd: annotation.iscrowd?.isSet ?? false, keyPoints: points)
  }

  /// Where the pictures lie: beside the file, in `images/`, or, as COCO is unpacked, in the folder of the split beside
  /// `annotations/`.
  private static func pictureFolder(_ path: String, _ first: String?) throws(MTLError) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
    let stem = parts.last.map { String($0.dropLast(".json".count)) } ?? ""
    let split = stem.split(separator: "_").last.map(String.init) ?? stem
    let places = [
      folder, "\(folder)/images", "\(folder)/\(split)", "\(folder)/../\(split)", "\(folder)/../images/\(split)",
    ]
    guard let first else { throw MTLError(.badFormat, path, "has no picture") }
    return places.first { FileManager.default.fileExists(atPath: "\($0)/\(first)") } ?? folder
  }
}
