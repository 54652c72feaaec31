import CMTLKernels
import Glibc
import Testing

@testable import MTLEngine

@Suite("Instruction sets", .serialized) struct InstructionSetTests {
  @Test func numbersAreThoseOfTheKernels() {
    #expect(InstructionSet.allCases.map(\.rawValue) == [MTLK_SCALAR, MTLK_AVX2, MTLK_AVX512].map { Int32($0) })
    #expect(InstructionSet.allCases.map(\.name) == ["scalar", "avx2", "avx512"])
    #expect(InstructionSet.scalar < .avx2 && InstructionSet.avx2 < .avx512)
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
      ("scalar", .scalar), ("avx2", .avx2), ("avx512", .avx512), ("", .avx512), ("AVX2", .avx512), ("sse9", .avx512),
      (" scalar", .avx512),
    ] as [(String, InstructionSet)] {
      unsafe setenv("MTL_ISA", text, 1)
      #expect(InstructionSet.available == min(cap, .detected), "'\(text)'")
    }
    unsafe unsetenv("MTL_ISA")
    #expect(InstructionSet.available == .detected)
  }
}
