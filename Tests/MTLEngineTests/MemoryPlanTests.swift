import TestSupport
import Testing

@testable import MTLEngine
@testable import MTLGraph

@Suite("Memory") struct MemoryPlanTests {
  private func requests(_ random: inout SeededRandom) -> [MemoryPlan.Request] {
    let steps = random.integer(1...30)
    return (0..<random.integer(0...40)).map { _ in
      let first = random.integer(0...steps)
      return MemoryPlan.Request(
        byteCount: random.once(in: 8) ? 0 : random.integer(1...5000),
        lifetime: first...random.integer(first...steps + 1))
    }
  }

  @Test func buffersThatLiveTogetherShareNoByte() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<1000 {
      let requests = requests(&random)
      let plan = MemoryPlan(requests)
      #expect(plan.offsets.count == requests.count)
      for (index, request) in requests.enumerated() {
        let range = plan.offsets[index]..<plan.offsets[index] + request.byteCount
        #expect(range.lowerBound % 64 == 0 && range.lowerBound >= 0 && range.upperBound <= plan.byteCount)
        for other in 0..<index where requests[other].lifetime.overlaps(request.lifetime) {
          #expect(!range.overlaps(plan.offsets[other]..<plan.offsets[other] + requests[other].byteCount))
        }
      }
    }
  }

  /// A chain of layers needs two buffers, however long it is; and no plan needs more than all buffers side by side.
  @Test func memoryIsUsedAgain() {
    let chain = (0..<50).map { MemoryPlan.Request(byteCount: 1000, lifetime: $0...$0 + 1) }
    #expect(MemoryPlan(chain).byteCount == 2 * 1024)
    #expect(MemoryPlan([]).byteCount == 0)
    var random = SeededRandom(seed: 2)
    for _ in 0..<200 {
      let requests = requests(&random)
      #expect(MemoryPlan(requests).byteCount <= requests.reduce(0) { $0 + ($1.byteCount + 63) / 64 * 64 })
    }
  }

  /// The lifetimes that the planner gives: no step's output lies on its own inputs or on a value that is read later.
  @Test(arguments: 0..<UInt64(40)) func plansOfNetworksKeepValuesApart(_ seed: UInt64) throws {
    let random = RandomNetwork(seed: seed)
    let network = try Network(random.graph)
    var planner = try Planner(
      network: network, graph: network.graph, shapes: network.graph.shapes(for: [random.inputShape]),
      kernels: .trusted(.scalar), threadCount: 2)
    let input = try planner.lowerAll()[0]
    for port in network.graph.outputs { planner.keepToEnd(try #require(planner.anyBuffer(of: port.value))) }
    let requests = planner.memoryRequests
    let plan = MemoryPlan(requests)
    var written = [input.storage] + planner.contents.map(\.buffer.storage)
    for (step, draft) in planner.drafts.enumerated() {
      #expect(draft.inputs.allSatisfy { written.contains($0.storage) && requests[$0.storage].lifetime.contains(step) })
      #expect(draft.outputs.allSatisfy { requests[$0.storage].lifetime.contains(step) })
      written += draft.outputs.map(\.storage)
    }
    for port in network.graph.outputs {
      let buffer = try #require(planner.anyBuffer(of: port.value))
      #expect(requests[buffer.storage].lifetime.upperBound >= planner.drafts.count)
    }
    #expect(plan.offsets.allSatisfy { $0 % Arena.alignment == 0 })
  }

  @Test func arenas() throws {
    let arena = try Arena(byteCount: 1000, of: "x")
    #expect(unsafe UInt(bitPattern: arena.base) % 64 == 0 && arena.byteCount == 1000)
    let isZero = unsafe UnsafeRawBufferPointer(start: arena.base, count: 1000).allSatisfy { $0 == 0 }
    #expect(isZero)
    let error = #expect(throws: MTLError.self) { try Arena(byteCount: 1 << 60, of: "plan") }
    #expect(error?.kind == .outOfMemory && error?.subject == "plan" && error?.systemErrorNumber == 12)
  }
}
