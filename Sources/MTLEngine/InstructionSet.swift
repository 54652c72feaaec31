import CMTLKernels
import Glibc
import MTLGraph

/// Instruction sets that kernels exist for, worst to best. The raw values are those of the C ABI.
public enum InstructionSet: Int32, CaseIterable, Comparable, Sendable {
  case scalar = 1
  case avx2 = 2
  case avx512 = 3
  /// With instructions for products of bytes.
  case avx512vnni = 4
  /// And for products of halves, which are bfloat16.
  case avx512bf16 = 5
  /// With tiles for products of bytes and halves.
  case amx = 6
  /// ARM's, above all of x86-64.
  case neon = 16
  /// With dot products of signed bytes.
  case neondot = 17
  /// With dot products of bytes and signed bytes.
  case neoni8mm = 18

  public static func < (left: InstructionSet, right: InstructionSet) -> Bool { left.rawValue < right.rawValue }

  public var name: String {
    switch self {
    case .scalar: "scalar"
    case .avx2: "avx2"
    case .avx512: "avx512"
    case .avx512vnni: "avx512vnni"
    case .avx512bf16: "avx512bf16"
    case .amx: "amx"
    case .neon: "neon"
    case .neondot: "neondot"
    case .neoni8mm: "neoni8mm"
    }
  }

  /// Those of the kind of processor that this build is for.
  public static let ofThisBuild = allCases.filter { unsafe mtlk_kernels($0.rawValue) != nil }

  /// The best set that the processor and the operating system support.
  public static let detected = InstructionSet(rawValue: mtlk_best_isa()) ?? .scalar

  /// The set of this name, in capitals or small letters.
  public init?(named name: String) {
    let name = name.lowercasedASCII
    guard let found = InstructionSet.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// The best set under the cap of the environment variable `MTL_ISA`. A value that is no name of a set caps nothing: a
  /// library has nobody to tell. Programs call `checkEnvironment()` first.
  public static var available: InstructionSet {
    min(detected, environmentName.flatMap { InstructionSet(named: $0) } ?? detected)
  }

  /// Refuses a value of `MTL_ISA` that is neither empty nor the name of a set of this build, and so would cap nothing or
  /// all.
  public static func checkEnvironment() throws(MTLError) {
    guard let name = environmentName, !name.isEmpty else { return }
    if let found = InstructionSet(named: name), ofThisBuild.contains(found) { return }
    let names = ofThisBuild.map(\.name).joined(separator: ", ")
    throw MTLError(.invalidArgument, "MTL_ISA", expected: "one of \(names)", found: "'\(name)'")
  }

  private static var environmentName: String? {
    unsafe getenv("MTL_ISA").map { unsafe String(cString: $0) }
  }
}

/// The kernels of one instruction set.
@safe public struct KernelSet: @unchecked Sendable {
  public let instructionSet: InstructionSet
  let functions: UnsafePointer<mtlk_kernel_set>

  /// Whether there are instructions for products of bfloat16; the scalar kernels do what a network says.
  var multipliesBFloat16: Bool { unsafe functions.pointee.multiplies_halves != 0 }

  /// The kernels for `wanted`, or for the next lower set whose kernels exist in this build and compute a known answer
  /// rightly on this machine.
  public static func trusted(_ wanted: InstructionSet) -> KernelSet {
    wanted >= best.instructionSet ? best : verified.last { $0.instructionSet <= wanted } ?? verified[0]
  }

  /// The best set that passes the check, which is all that most programs ask for.
  private static let best = ofThisMachine.last { $0.answersRightly() } ?? verified[0]

  /// Every set of this machine that passed the check, worst first; the scalar set is always there.
  public static let verified = ofThisMachine.filter { $0.instructionSet == .scalar || $0.answersRightly() }

  private static let ofThisMachine: [KernelSet] = InstructionSet.allCases.compactMap { instructionSet in
    guard instructionSet <= .detected, let functions = unsafe mtlk_kernels(instructionSet.rawValue) else { return nil }
    return unsafe KernelSet(instructionSet: instructionSet, functions: functions)
  }

  /// Runs small convolutions with every kind of edge, and attention.
  private func answersRightly() -> Bool {
    let found = unsafe KernelAnswers(functions)
    guard found != .expected else { return true }
    // A host that rounds in another direction moves the known answer; then the scalar kernels say what is right.
    return unsafe mtlk_kernels(InstructionSet.scalar.rawValue).map { unsafe KernelAnswers($0) == found } ?? false
  }
}
