import Testing

@testable import MTLGraph

@Suite struct MaxPoolTests {
  static let cases = OperatorCase.all("MaxPool")

  @Test func casesAreThere() { #expect(MaxPoolTests.cases.count == 22) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let window = Window(
      kernel: try expected.pair("kernel"), stride: try expected.pair("stride"), dilation: try expected.pair("dilation"),
      padding: try expected.padding())
    try expected.check(MaxPool(window, ceil: try expected.flag("ceil")), tolerance: 0)
  }

  @Test func costsNothing() {
    #expect(
      MaxPool(Window(kernel: .init(2))).multiplyAccumulates(inputs: [[1, 1, 2, 2]], outputs: [[1, 1, 1, 1]]) == 0)
  }
}
