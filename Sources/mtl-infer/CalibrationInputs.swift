import FoundationEssentials
import ImageFiles
import MTLFormats
import MTLGraph
import MTLInfer
import MTLTasks

/// The inputs that `compile --calibrate` names: pictures, prepared as `run` does it, or an array that is prepared already.
struct CalibrationInputs {
  private enum Source {
    case pictures([String], InferenceSession)
    /// N x C x H x W floats.
    case array(Tensor, file: String)
  }

  private let source: Source
  private let all: Int
  /// How many are used, spread over all.
  let count: Int

  /// - Parameter limit: most that are used; nil uses all.
  init(_ path: String, limit: Int?, session: InferenceSession) throws(MTLError) {
    if path.lowercased().hasSuffix(".npy") {
      let array = try NumpyFile.read(MappedFile.open(path: path), name: path)
      try CalibrationInputs.check(array, path, session.model, isGeneral: session.isGeneral)
      source = .array(array, file: path)
      all = array.shape[0]
    } else {
      let paths = try PictureList.expand([path])
      source = .pictures(paths, session)
      all = paths.count
    }
    count = min(all, limit ?? all)
  }

  private static func check(
    _ array: Tensor, _ file: String, _ model: Model, isGeneral: Bool
  ) throws(MTLError) {
    guard let input = model.inputs.first, model.inputs.count == 1, input.dimensions.count == 4 else {
      throw MTLError(.unsupported, model.name, "is no network of one image, and cannot be calibrated")
    }
    let sizes = array.shape.dimensions
    // Networks that the library knows take pictures of many sizes, as with `run --input`.
    let wanted = input.dimensions.enumerated().map { axis, size in axis == 0 || axis > 1 && !isGeneral ? nil : size }
    let fits = sizes.count == 4 && zip(sizes, wanted).allSatisfy { $1 == nil || $0 == $1 }
    guard fits, sizes[0] > 0 else {
      let expected = wanted.dropFirst().map { $0.map(String.init) ?? "?" }
      throw MTLError(
        .badFormat, file, expected: "Nx\(expected.joined(separator: "x")) numbers, N at least 1",
        found: "\(array.shape)")
    }
  }

  /// The input of a number below `count`, as one image.
  func input(_ number: Int) throws(MTLError) -> Tensor {
    let index = number * all / count
    switch source {
    case .pictures(let paths, let session):
      let image = try ImageFile.read(path: paths[index])
      do throws(MTLError) {
        return try image.withView { view throws(MTLError) in try session.preparedInput(of: view, crop: number) }
      } catch {
        throw MTLError(error.kind, paths[index], error.description)
      }
    case .array(let array, let file):
      let shape = Shape([1] + array.shape.dimensions.dropFirst())
      let size = shape.elementCount * MemoryLayout<Float>.size
      let bytes = try array.bytes.slice(offset: index * size, length: size, of: file)
      let tensor = try Tensor(shape: shape, type: .float32, bytes: bytes, of: file)
      guard try tensor.floats(of: file).allSatisfy(\.isFinite) else {
        throw MTLError(.badFormat, file, "array \(index) of \(all) has what is no finite number")
      }
      return tensor
    }
  }
}
