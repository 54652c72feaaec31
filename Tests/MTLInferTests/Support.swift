import Glibc
import ImageFiles
import MTLEngine
import MTLFormats
import MTLGraph
import MTLInfer
import MTLTasks
import TestSupport

/// Every instruction set of this machine that has trusted kernels.
let instructionSets = KernelSet.verified.map(\.instructionSet)

/// The trained model, opened once.
let fingers: Model? = try? Model.open(path: Fixtures.fingers)

func session(
  _ model: Model, threads: Int = 1, instructionSet: InstructionSet = .available, tasks: [Int]? = nil
) throws(MTLError) -> InferenceSession {
  var options = InferenceSession.Options()
  options.instructionSet = instructionSet
  options.tasks = tasks
  return try InferenceSession(model, runtime: Runtime(threads: threads), options: options)
}

/// A grey picture of 128 x 128 from models/fingers/samples; "A+B" is the mean of two, rounded down, as in
/// tools/make_fingers_fixture.py.
func picture(_ name: String) throws -> [UInt8] {
  let parts = try name.split(separator: "+").map {
    try ImageFile.read(path: "\(Fixtures.fingers)/samples/\($0)").pixels
  }
  guard parts.count == 2 else { return parts[0] }
  return zip(parts[0], parts[1]).map { UInt8((UInt16($0) + UInt16($1)) / 2) }
}

/// What PyTorch answers: by picture, the probabilities of hand and count.
let expectedAnswers: [(name: String, tasks: [[Float]])] = {
  guard let members = try? Fixtures.json("fingers/expected.json").members else { return [] }
  return members.map { member in
    let tasks = ["hand", "count"].map { member.value[$0]?.elements?.compactMap { $0.number.map { Float($0) } } ?? [] }
    return (member.name, tasks)
  }
}()

extension InferenceSession {
  /// Runs grey pictures of one size as a batch.
  func run(_ pictures: [[UInt8]], side: Int = 128, tasks: [Int]? = nil) throws(MTLError) -> InferenceResult {
    let memory = Bytes(copying: pictures.flatMap { $0 })
    return unsafe try memory.withUnsafeBytes { (bytes) throws(MTLError) -> InferenceResult in
      try run(count: pictures.count, tasks: tasks) { (index) throws(MTLError) -> PixelView in
        unsafe try PixelView(
          data: bytes.baseAddress.map { unsafe $0 + index * side * side }, byteCount: UInt64(side * side),
          rowStride: Int64(side), width: side, height: side, format: .gray8)
      }
    }
  }
}

extension InferenceResult {
  func values(_ task: Int) throws -> [Float] { try tensor(task: task)?.floats() ?? [] }
}

/// A folder under the system's temporary one that goes away with this object.
final class TemporaryFolder {
  let path: String

  init() {
    var template = Array("/tmp/mtl-infer-tests-XXXXXX".utf8CString)
    path =
      unsafe mkdtemp(&template) == nil
      ? "" : String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    guard let directory = unsafe opendir(path) else { return }
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { unsafe unlink("\(path)/\(name)") }
    }
    unsafe closedir(directory)
    unsafe rmdir(path)
  }

  /// Writes a file and returns its path.
  func write(_ name: String, _ bytes: [UInt8]) -> String {
    let file = "\(path)/\(name)"
    guard let stream = unsafe fopen(file, "wb") else { return "" }
    unsafe fwrite(bytes, 1, bytes.count, stream)
    unsafe fclose(stream)
    return file
  }

  func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }
}

extension [UInt8] {
  init(_ bytes: Bytes) {
    self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
