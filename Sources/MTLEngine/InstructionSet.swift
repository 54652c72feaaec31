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
  /// With tiles for products of bytes.
  case amx = 5
  /// ARM's, above all of x86-64.
  case neon = 16
  /// With dot products of signed bytes.
  case neondot = 17
  /// With dot products of bytes and signed bytes.
  case neoni8mm = 18

  public static func < (left: InstructionSet, right: InstructionSet) -> Bool { left.rawValue < right.rawValue }

  public var name: String { "\(self)" }

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

  /// The kernels for `wanted`, or for the next lower set whose kernels exist in this build and compute a known answer
  /// rightly on this machine.
  public static func trusted(_ wanted: InstructionSet) -> KernelSet {
    verified.last { $0.instructionSet <= min(wanted, .detected) } ?? verified[0]
  }

  /// Every set of this machine that passed the check, worst first; the scalar set is always there.
  public static let verified: [KernelSet] = InstructionSet.allCases.compactMap { instructionSet in
    guard instructionSet <= .detected, let functions = unsafe mtlk_kernels(instructionSet.rawValue) else { return nil }
    let kernels = unsafe KernelSet(instructionSet: instructionSet, functions: functions)
    return instructionSet == .scalar || kernels.agreesWithScalar() ? kernels : nil
  }

  /// Runs small convolutions with every kind of edge on these and on the scalar kernels.
  private func agreesWithScalar() -> Bool {
    guard let scalar = unsafe mtlk_kernels(InstructionSet.scalar.rawValue) else { return false }
    return unsafe agreesOnFloats(with: scalar) && agreesOnBytes(with: scalar)
  }

  /// 61 outputs on 5 x 21 pixels, from three taps either way.
  private static func window(inputBlocks: Int32, lane: Int) -> mtlk_window {
    var window = mtlk_window()
    (window.input_rows, window.input_columns) = (5, 21)
    (window.input_blocks, window.input_lane) = (inputBlocks, Int32(lane))
    (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (5, 21, 4, 61)
    (window.kernel_rows, window.kernel_columns) = (3, 3)
    (window.stride_rows, window.stride_columns, window.dilation_rows, window.dilation_columns) = (1, 1, 1, 1)
    (window.padding_top, window.padding_left, window.padding_bottom, window.padding_right) = (1, 1, 1, 1)
    window.activation = Int32(MTLK_RELU)
    return window
  }

  @unsafe private func agreesOnFloats(with scalar: UnsafePointer<mtlk_kernel_set>) -> Bool {
    var window = KernelSet.window(inputBlocks: 2, lane: Layout.lane)
    let input = KernelSet.pattern(5 * 21 * 32)
    let weights = KernelSet.pattern(4 * 16 * 32 * 9)
    let bias = KernelSet.pattern(64)
    var expected = [Float](repeating: 0, count: 5 * 21 * 64)
    var found = expected
    unsafe scalar.pointee.convolution(&window, input, weights, bias, nil, &expected, 0, 4, 0, 5)
    unsafe functions.pointee.convolution(&window, input, weights, bias, nil, &found, 0, 4, 0, 5)
    return zip(expected, found).allSatisfy { abs($0 - $1) < 1e-3 }
  }

  /// Products of bytes are exact: all sets give the same.
  @unsafe private func agreesOnBytes(with scalar: UnsafePointer<mtlk_kernel_set>) -> Bool {
    var window = KernelSet.window(inputBlocks: 2, lane: Int(MTLK_BYTE_LANE))
    var grids = mtlk_grids(
      input_channels: 70, input_zero_point: 3, operand_scale: 0, operand_zero_point: 0, output_inverse_scale: 1,
      output_zero_point: 7)
    let input = (0..<5 * 21 * 128).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let plain = (0..<61 * 70 * 9).map { Int8(truncatingIfNeeded: $0 * 41 + 5) }
    var weights = [Int8](repeating: 0, count: 4 * 16 * 128 * 9)
    unsafe mtlk_pack_bytes(plain, &weights, 61, 70, 9, Int64(MTLK_BYTE_LANE))
    let multipliers = [Float](repeating: 1e-4, count: 64)
    let bias = KernelSet.pattern(64)
    var sums = [Int32](repeating: 0, count: Int(unsafe functions.pointee.sum_count(&window, grids.input_channels)))
    var expected = [UInt8](repeating: 0, count: 5 * 21 * 64)
    var found = expected
    unsafe scalar.pointee.convolution_bytes(
      &window, &grids, input, weights, multipliers, bias, nil, &expected, &sums, 0, 4, 0, 5)
    unsafe functions.pointee.convolution_bytes(
      &window, &grids, input, weights, multipliers, bias, nil, &found, &sums, 0, 4, 0, 5)
    return expected == found
  }

  private static func pattern(_ count: Int) -> [Float] {
    (0..<count).map { Float(($0 * 37 + 11) % 41 - 20) / 20 }
  }
}
