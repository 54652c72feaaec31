import Testing

@testable import MTLGraph

@Suite("Something for each value") struct ValueMapTests {
  private let values = (0..<6).map { ValueID(index: $0) }

  @Test func holdsWhatIsSet() {
    var map: ValueMap<String> = [values[4]: "four", values[1]: "one"]
    #expect(map[values[1]] == "one" && map[values[4]] == "four")
    #expect(map[values[0]] == nil && map[values[5]] == nil && map[.absent] == nil)
    #expect(map.count == 2 && !map.isEmpty && ValueMap<Int>().isEmpty)
    map[values[1]] = nil
    map[values[5]] = nil
    #expect(map.count == 1 && map[values[1]] == nil)
    map[.absent] = "none"
    #expect(map.count == 1 && map[.absent] == nil)
  }

  @Test func pairsComeInTheOrderOfTheNumbers() {
    let map: ValueMap<Int> = [values[5]: 50, values[0]: 0, values[3]: 30]
    #expect(
      map.map(\.key.index) == [0, 3, 5] && map.values == [0, 30, 50] && map.keys == [values[0], values[3], values[5]])
    #expect(map.mapValues { $0 / 10 } == [values[0]: 0, values[3]: 3, values[5]: 5])
    #expect(map.filter { $0.value > 10 } == [values[3]: 30, values[5]: 50])
  }

  /// Whatever was there before.
  @Test func equalPairsAreEqual() {
    var map: ValueMap<Int> = [values[2]: 2, values[5]: 5]
    #expect(map != [values[2]: 2])
    map[values[5]] = nil
    #expect(map == [values[2]: 2])
  }

  @Test func changesInPlace() {
    var lists: ValueMap<[Int]> = [:]
    lists[values[3], default: []].append(1)
    lists[values[3], default: []].append(2)
    #expect(lists == [values[3]: [1, 2]] && lists[values[0], default: [7]] == [7])
    lists[.absent, default: []].append(3)
    #expect(lists.count == 1)
  }
}
