import MTLEngine
import MTLFormats
import MTLGraph
import MTLInfer
import TestSupport
import Testing

@Suite("The trained model against PyTorch")
struct FingersTests {
  @Test func fixturesAreThere() {
    #expect(expectedAnswers.count == 48 && expectedAnswers.allSatisfy { $0.tasks.map(\.count) == [2, 6] })
    // The blends leave the network in doubt; else the answers would be little more than zeros and ones.
    #expect(expectedAnswers.count { ($0.tasks[1].max() ?? 0) < 0.99 } >= 12)
    #expect(instructionSets.first == .scalar && instructionSets.last == .detected)
  }

  @Test(arguments: instructionSets, [1, 2])
  func probabilitiesAreThoseOfPyTorch(_ instructionSet: InstructionSet, _ threads: Int) throws {
    let model = try #require(fingers)
    let session = try session(model, threads: threads, instructionSet: instructionSet)
    #expect(session.instructionSet == instructionSet)
    var largest: Float = 0
    for (name, expected) in expectedAnswers {
      let result = try session.run([picture(name)])
      for task in 0..<2 {
        let difference = largestDifference(try result.values(task), expected[task])
        #expect(difference <= 1e-5, "\(name), task \(task)")
        largest = max(largest, difference)
      }
      result.recycle()
    }
    print("fingers, \(instructionSet), \(threads) threads: largest difference to PyTorch \(largest)")
  }

  @Test func labelsAreThoseOfTheFileNames() throws {
    let session = try session(try #require(fingers))
    for (name, _) in expectedAnswers where !name.contains("+") {
      let result = try session.run([picture(name)])
      let hand = try result.classification(task: 0, image: 0)
      let count = try result.classification(task: 1, image: 0)
      let answer =
        session.model.tasks[1].labels[count.index] + (session.model.tasks[0].labels[hand.index] == "left" ? "L" : "R")
      #expect(name.hasSuffix("_\(answer).png"))
      #expect(hand.confidence > 0.5 && count.confidence > 0.3)
    }
  }

  @Test(arguments: instructionSets)
  func sameBytesForAnyNumberOfThreads(_ instructionSet: InstructionSet) throws {
    let model = try #require(fingers)
    let pictures = try expectedAnswers.suffix(5).map { try picture($0.name) }
    let answers = try [1, 2, 3].map { threads in
      let result = try session(model, threads: threads, instructionSet: instructionSet).run(pictures)
      return try (0..<2).map { try result.values($0).map(\.bitPattern) }
    }
    #expect(answers[0] == answers[1] && answers[0] == answers[2])
    #expect(answers[0].map(\.count) == [10, 30])
  }

  @Test(arguments: instructionSets)
  func batchesEqualSingleRuns(_ instructionSet: InstructionSet) throws {
    let session = try session(try #require(fingers), threads: 2, instructionSet: instructionSet)
    let pictures = try expectedAnswers.suffix(4).map { try picture($0.name) }
    let batch = try session.run(pictures)
    for (index, picture) in pictures.enumerated() {
      let single = try session.run([picture])
      for (task, classes) in [(0, 2), (1, 6)] {
        let part = try batch.values(task)[index * classes..<(index + 1) * classes]
        #expect(try single.values(task).map(\.bitPattern) == part.map(\.bitPattern))
      }
      #expect(try batch.classification(task: 1, image: index) == single.classification(task: 1, image: 0))
    }
  }

  @Test func costsAreThePublishedOnes() throws {
    let model = try #require(fingers)
    #expect(model.totalCost.parameters == 2_365_556)
    #expect(model.costs[.encoder]?.multiplyAccumulates == 394_060_800)
    #expect(model.costs[.head(0)]?.parameters == 1800 * 360 + 360 + 360 * 48 + 48 + 48 * 2 + 2)
    #expect(model.costs[.head(1)]?.multiplyAccumulates == 1800 * 540 + 540 * 96 + 96 * 6)
    #expect(model.outputShapes == [[1, 2], [1, 6]])
  }

  /// LibMTL's form, cut from the trained weights: the counting head is the published one without the last neurons.
  @Test func libMTLFormAnswersAlike() throws {
    let weights = try WeightStore.read(MappedFile.open(path: Fixtures.fingers + "/best.pt"), name: "best.pt")
    var wide = try Checkpoint(copying: weights)
    wide.clear("decoder2.1.weight", from: 360)
    wide.clear("decoder2.1.bias", from: 360)
    wide.clear("decoder2.4.weight", from: 48)
    wide.clear("decoder2.4.bias", from: 48)
    let narrow = try Checkpoint(copying: weights).libMTLFingers
    let models = try [wide, narrow].map { try Model.open(bytes: Bytes(copying: $0.file)) }
    #expect(models.map(\.networkName) == ["fingers", "libmtl-fingers"])
    #expect(models[1].totalCost.parameters == 2_006_480)
    let results = try models.map { try session($0).run([picture(expectedAnswers[30].name)]) }
    #expect(largestDifference(try results[0].values(0), expectedAnswers[30].tasks[0]) <= 1e-5)
    for task in 0..<2 {
      #expect(largestDifference(try results[0].values(task), try results[1].values(task)) <= 1e-6)
    }
  }

  @Test(arguments: Fixtures.networks, instructionSets)
  func smallNetworksAnswerAsPyTorch(_ name: String, _ instructionSet: InstructionSet) throws {
    let model = try Model.open(path: "\(Fixtures.folder)/networks/\(name)")
    let input = try Fixtures.tensor("networks/\(name)/input.npy")
    for threads in [1, 2] {
      let result = try session(model, threads: threads, instructionSet: instructionSet).run(tensor: input)
      for (index, task) in model.tasks.enumerated() {
        let expected = try Fixtures.tensor("networks/\(name)/expected_\(task.name).npy")
        #expect(result.tensor(task: index)?.shape == expected.shape)
        #expect(largestDifference(try result.values(index), try expected.floats()) <= 2e-6, "\(task.name)")
      }
    }
  }
}
