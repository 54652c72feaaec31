import MTLGraph
import Testing

@Suite("FixedSize")
struct FixedSizeTests {
  let operation = FixedSize(rows: 2, columns: 3, reason: "gates")

  @Test func givesTheImage() throws {
    let image = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 1, 2, 3])
    #expect(try operation.outputShapes([image.shape]) == [[1, 1, 2, 3]])
    #expect(try operation.evaluate([image])[0].floats() == [1, 2, 3, 4, 5, 6])
  }

  @Test func otherSizesAreRefused() {
    do throws(MTLError) {
      _ = try operation.outputShapes([[1, 1, 3, 2]])
      Issue.record("no error")
    } catch {
      #expect(
        error.description
          == "image: expected 3 x 2 pixels (width x height), the size that the network's gates were trained for, found 2 x 3"
      )
    }
  }
}
