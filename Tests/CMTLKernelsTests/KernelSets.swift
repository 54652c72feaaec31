import CMTLKernels
import Glibc
import Testing
import TileEmulation

/// The kernel sets under test. A set that the processor has but this build cannot give fails the tests.
@safe struct TestedSet: CustomTestStringConvertible, @unchecked Sendable {
  let testDescription: String
  let isa: Int32
  let kernels: UnsafePointer<mtlk_kernel_set>

  private init?(_ isa: Int32) { unsafe self.init(mtlk_kernels(isa)) }

  private init?(_ kernels: UnsafePointer<mtlk_kernel_set>?) {
    guard let kernels = unsafe kernels else { return nil }
    isa = unsafe kernels.pointee.isa
    unsafe self.kernels = kernels
    testDescription = unsafe String(cString: kernels.pointee.name)
  }

  static let scalar = TestedSet(Int32(MTLK_SCALAR))!

  /// All that this processor has, worst first.
  static let all = (Int32(MTLK_SCALAR)...mtlk_best_isa()).compactMap { TestedSet($0) }

  /// These, and AMX's kernels of bytes and halves with tiles that C computes.
  static let allAndTiles = all + [TestedSet(unsafe tile_emulation_kernels())].compactMap { $0 }
}

/// How many random configurations each family runs; `MTL_TEST_CONFIGURATIONS` raises it for a long run.
let configurationCount: Int = {
  guard let text = unsafe getenv("MTL_TEST_CONFIGURATIONS") else { return 300 }
  return unsafe max(300, Int(String(cString: text)) ?? 0)
}()

/// Runs a kernel on every set and with the guard on either side: all are close to the oracle, and AVX2 and AVX-512 give
/// the same bits.
func checkSets(
  within tolerance: Float, _ story: @autoclosure () -> String, run: (TestedSet, GuardedFloats.Guard) -> [Float]
) {
  let expected = run(.scalar, .behind)
  #expect(!expected.contains { $0.isUntouched }, "the oracle, \(story())")
  var vector: [Float]?
  for set in TestedSet.all {
    for side in GuardedFloats.Guard.allCases {
      let found = run(set, side)
      #expect(found.isClose(to: expected, within: tolerance), "\(set.testDescription), \(story())")
      guard set.isa != Int32(MTLK_SCALAR) else { continue }
      #expect(found.hasSameBits(as: vector ?? found), "\(set.testDescription), \(story())")
      vector = found
    }
  }
}

@Suite struct KernelSetTests {
  @Test func everySetOfTheProcessorIsThere() {
    let best = mtlk_best_isa()
    print("kernel sets under test: \(TestedSet.all.map(\.testDescription).joined(separator: ", "))")
    #if arch(arm64)
      #expect(TestedSet.all.map(\.isa) == [Int32(MTLK_SCALAR)] + Int32(MTLK_NEON)...best)
      let names = ["scalar", "neon", "neondot", "neoni8mm"]
      #expect(TestedSet.all.map(\.testDescription) == Array(names.prefix(TestedSet.all.count)))
    #else
      #expect(TestedSet.all.map(\.isa) == Array(Int32(MTLK_SCALAR)...best), "sets up to \(best) are the processor's")
      #expect(
        TestedSet.all.map(\.testDescription)
          == Array(["scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"].prefix(Int(best))))
    #endif
  }

  /// What the processor has, by the kernel's own list.
  @Test func detectionAgreesWithTheSystem() throws {
    #if arch(x86_64)
      let file = unsafe try #require(fopen("/proc/cpuinfo", "r"))
      defer { _ = unsafe fclose(file) }
      var flags: Set<Substring> = []
      var line = [CChar](repeating: 0, count: 1 << 16)
      while unsafe fgets(&line, Int32(line.count), file) != nil, flags.isEmpty {
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if text.hasPrefix("flags") { flags = Set(text.split { $0 == " " || $0 == "\n" }) }
      }
      try #require(!flags.isEmpty)
      let isAVX2 = flags.isSuperset(of: ["avx2", "fma"])
      let isAVX512 = isAVX2 && flags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl"])
      let isVNNI = isAVX512 && flags.contains("avx512_vnni")
      let isBF16 = isVNNI && flags.contains("avx512_bf16")
      // The system lists tiles where it saves them, and may refuse them to a process all the same.
      let isAMX =
        isBF16 && flags.isSuperset(of: ["amx_tile", "amx_int8", "amx_bf16"]) && tile_emulation_may_use_tiles() != 0
      let best =
        isAMX
        ? MTLK_AMX
        : isBF16
          ? MTLK_AVX512_BF16 : isVNNI ? MTLK_AVX512_VNNI : isAVX512 ? MTLK_AVX512 : isAVX2 ? MTLK_AVX2 : MTLK_SCALAR
      #expect(mtlk_best_isa() == Int32(best))
    #elseif arch(arm64)
      #expect(mtlk_best_isa() >= Int32(MTLK_NEON), "every 64-bit ARM processor has it")
    #else
      #expect(mtlk_best_isa() == Int32(MTLK_SCALAR))
    #endif
  }

  @Test func otherNumbersAreNoSets() {
    for isa: Int32 in [0, -1, 7, .max, .min] {
      let isThere = unsafe mtlk_kernels(isa) != nil
      #expect(!isThere)
    }
  }

  @Test func processorsAreCounted() {
    #expect((1...sysconf(Int32(_SC_NPROCESSORS_CONF))).contains(Int(mtlk_affinity_count())))
  }
}
