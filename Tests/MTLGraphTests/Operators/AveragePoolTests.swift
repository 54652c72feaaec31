import Testing

@testable import MTLGraph

@Suite struct AveragePoolTests {
  static let cases = OperatorCase.all("AveragePool")

  @Test func casesAreThere() { #expect(AveragePoolTests.cases.count == 25) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let window = Window(
      kernel: try expected.pair("kernel"), stride: try expected.pair("stride"), padding: try expected.padding())
    let pool = AveragePool(
      window, ceil: try expected.flag("ceil"), countsPadding: try expected.flag("counts_padding"))
    try expected.check(pool, tolerance: 4e-7)
  }
}
