import CMTLKernels
import Glibc
import MTLGraph
import Testing

@testable import MTLEngine

@Suite("Instruction sets", .serialized) struct InstructionSetTests {
  @Test func numbersAreThoseOfTheKernels() {
    let numbers = [MTLK_SCALAR, MTLK_AVX2, MTLK_AVX512, MTLK_AVX512_VNNI, MTLK_AVX512_BF16, MTLK_AMX].map { Int32($0) }
    #expect(InstructionSet.allCases.map(\.rawValue) == numbers)
    #expect(InstructionSet.allCases.map(\.name) == ["scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"])
    #expect(InstructionSet.allCases.sorted() == InstructionSet.allCases)
    #expect(InstructionSet.detected.rawValue == mtlk_best_isa())
  }

  @Test func everySetOfTheProcessorIsTrusted() {
    #expect(KernelSet.verified.map(\.instructionSet) == InstructionSet.allCases.filter { $0 <= .detected })
    for wanted in InstructionSet.allCases {
      #expect(KernelSet.trusted(wanted).instructionSet == min(wanted, .detected))
    }
  }

  @Test func theEnvironmentCaps() {
    let before = unsafe getenv("MTL_ISA").map { unsafe String(cString: $0) }
    defer { _ = if let before { unsafe setenv("MTL_ISA", before, 1) } else { unsafe unsetenv("MTL_ISA") } }
    for (text, cap) in [
      ("scalar", .scalar), ("avx2", .avx2), ("avx512", .avx512), ("avx512vnni", .avx512vnni),
      ("avx512bf16", .avx512bf16), ("amx", .amx),
      ("", .amx), ("AVX2", .avx2), ("Scalar", .scalar),
      ("sse9", .amx), (" scalar", .amx),
    ] as [(String, InstructionSet)] {
      unsafe setenv("MTL_ISA", text, 1)
      #expect(InstructionSet.available == min(cap, .detected), "'\(text)'")
      let isGood = text.isEmpty || InstructionSet(named: text) != nil
      #expect(isGood == ((try? InstructionSet.checkEnvironment()) != nil), "'\(text)'")
    }
    unsafe setenv("MTL_ISA", "garbage", 1)
    let error = #expect(throws: MTLError.self) { try InstructionSet.checkEnvironment() }
    let names = "scalar, avx2, avx512, avx512vnni, avx512bf16, amx"
    #expect(error?.description == "MTL_ISA: expected one of \(names), found 'garbage'")
    unsafe unsetenv("MTL_ISA")
    #expect(InstructionSet.available == .detected)
    #expect(throws: Never.self) { try InstructionSet.checkEnvironment() }
  }
}
