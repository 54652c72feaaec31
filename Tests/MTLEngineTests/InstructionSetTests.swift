import CMTLKernels
import Glibc
import MTLGraph
import Testing

@testable import MTLEngine

@Suite("Instruction sets", .serialized) struct InstructionSetTests {
  @Test func numbersAreThoseOfTheKernels() {
    let numbers = [
      MTLK_SCALAR, MTLK_AVX2, MTLK_AVX512, MTLK_AVX512_VNNI, MTLK_AVX512_BF16, MTLK_AMX, MTLK_NEON, MTLK_NEON_DOT,
      MTLK_NEON_I8MM,
    ].map { Int32($0) }
    #expect(InstructionSet.allCases.map(\.rawValue) == numbers)
    #expect(
      InstructionSet.allCases.map(\.name)
        == ["scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx", "neon", "neondot", "neoni8mm"])
    #expect(InstructionSet.allCases.sorted() == InstructionSet.allCases)
    #expect(InstructionSet.detected.rawValue == mtlk_best_isa())
  }

  @Test func everySetOfTheProcessorIsTrusted() {
    #expect(KernelSet.verified.map(\.instructionSet) == InstructionSet.ofThisBuild.filter { $0 <= .detected })
    for wanted in InstructionSet.ofThisBuild {
      #expect(KernelSet.trusted(wanted).instructionSet == min(wanted, .detected))
    }
  }

  @Test func theKnownAnswerIsThatOfTheScalarKernels() throws {
    let scalar = try unsafe #require(mtlk_kernels(InstructionSet.scalar.rawValue))
    let found = unsafe KernelAnswers(scalar)
    #expect(found == .expected)
  }

  @Test func theEnvironmentCaps() {
    let before = unsafe getenv("MTL_ISA").map { unsafe String(cString: $0) }
    defer { _ = if let before { unsafe setenv("MTL_ISA", before, 1) } else { unsafe unsetenv("MTL_ISA") } }
    for (text, cap) in [
      ("scalar", .scalar), ("avx2", .avx2), ("avx512", .avx512), ("avx512vnni", .avx512vnni),
      ("avx512bf16", .avx512bf16), ("amx", .amx),
      ("neon", .neon), ("neondot", .neondot), ("neoni8mm", .neoni8mm),
      ("", .neoni8mm), ("AVX2", .avx2), ("Scalar", .scalar),
      ("sse9", .neoni8mm), (" scalar", .neoni8mm),
    ] as [(String, InstructionSet)] {
      unsafe setenv("MTL_ISA", text, 1)
      #expect(InstructionSet.available == min(cap, .detected), "'\(text)'")
      let isGood = text.isEmpty || InstructionSet(named: text).map { InstructionSet.ofThisBuild.contains($0) } ?? false
      #expect(isGood == ((try? InstructionSet.checkEnvironment()) != nil), "'\(text)'")
    }
    unsafe setenv("MTL_ISA", "garbage", 1)
    let error = #expect(throws: MTLError.self) { try InstructionSet.checkEnvironment() }
    let names = InstructionSet.ofThisBuild.map(\.name).joined(separator: ", ")
    #expect(error?.description == "MTL_ISA: expected one of \(names), found 'garbage'")
    unsafe unsetenv("MTL_ISA")
    #expect(InstructionSet.available == .detected)
    #expect(throws: Never.self) { try InstructionSet.checkEnvironment() }
  }
}
