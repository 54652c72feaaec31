import FoundationEssentials
import Glibc
import MTLGraph
import MTLInfer

/// What one run of a model costs, measured in a process of its own.
struct ModelCost: Encodable {
  let timeMs: Double
  /// Of the whole process at its peak.
  let peakMib: Double
  let fileMib: Double
  let parameters: Int
  let macs: Int

  private struct BenchReport: Decodable {
    struct Times: Decodable { let median_ms: Double }
    let whole: Times
    let peak_mib: Double?
  }

  /// Runs `bench` on the model as another process, because peak memory is a process's.
  static func measure(
    _ model: Model, path: String, network: String?, threads: Int?, runs: Int
  ) throws(MTLError) -> ModelCost {
    var arguments = ["mtl-infer", "bench", path, "--json", "--runs", "\(runs)"]
    if let network { arguments += ["--network", network] }
    if let threads { arguments += ["--threads", "\(threads)"] }
    let output = try Child.run(arguments)
    guard let report = try? JSONDecoder().decode(BenchReport.self, from: Data(output)) else {
      throw MTLError(.internalFault, path, "could not be timed")
    }
    let total = model.totalCost
    return ModelCost(
      timeMs: report.whole.median_ms, peakMib: report.peak_mib ?? 0, fileMib: Double(model.fileByteCount) / 1_048_576,
      parameters: total.parameters, macs: total.multiplyAccumulates)
  }

  static func + (a: ModelCost, b: ModelCost) -> ModelCost {
    ModelCost(
      timeMs: a.timeMs + b.timeMs, peakMib: a.peakMib + b.peakMib, fileMib: a.fileMib + b.fileMib,
      parameters: a.parameters.saturatingSum(b.parameters), macs: a.macs.saturatingSum(b.macs))
  }
}

/// This program, run again.
private enum Child {
  /// - Returns: what it wrote to standard output.
  static func run(_ arguments: [String]) throws(MTLError) -> [UInt8] {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw failure("a pipe cannot be made", errno) }
    defer { close(ends[0]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    var process: pid_t = 0
    var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    let status = unsafe posix_spawn(&process, "/proc/self/exe", &actions, nil, &words, environ)
    close(ends[1])
    guard status == 0 else { throw failure("cannot start another process", status) }
    let output = readAll(ends[0])
    var code: Int32 = 0
    while unsafe waitpid(process, &code, 0) < 0 && errno == EINTR {}
    guard code == 0 else { throw failure("'\(arguments.joined(separator: " "))' failed", 0) }
    return output
  }

  private static func readAll(_ descriptor: Int32) -> [UInt8] {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count > 0 { output += buffer[..<count] } else if count == 0 || errno != EINTR { return output }
    }
  }

  private static func failure(_ words: String, _ number: Int32) -> MTLError {
    MTLError(.inputOutput, "timing", words, systemErrorNumber: number)
  }
}
