import Glibc
import MTLGraph
import Testing

@testable import ImageFiles

@Suite struct FileTests {
  @Test func namesTheSystemError() throws {
    let error = try #require(failure { () throws(MTLError) in try ImageFile.read(path: "/nowhere/picture.jpg") })
    #expect(error.kind == .inputOutput)
    #expect(error.subject == "/nowhere/picture.jpg")
    #expect(error.systemErrorNumber == ENOENT)
    #expect(error.problem.contains("No such file"))
  }

  @Test func refusesFolders() {
    let error = failure { () throws(MTLError) in try ImageFile.read(path: fixtureFolder) }
    #expect(error?.kind == .inputOutput)
    #expect(error?.systemErrorNumber == EISDIR)
  }

  @Test func refusesPathsWithZeroBytes() {
    let path = "\(fixtureFolder)/1x1.png\0.png"
    #expect(failure { () throws(MTLError) in try ImageFile.read(path: path) }?.kind == .inputOutput)
    #expect(!ImageFile.isImage(path: path))
  }

  @Test func readsDevicesToTheirEnd() {
    let error = failure { () throws(MTLError) in try ImageFile.read(path: "/dev/null") }
    #expect(error?.problem.contains("an empty file") == true)
  }

  @Test(arguments: goodFixtures) func knowsImages(_ expected: GoodFixture) {
    #expect(ImageFile.isImage(path: "\(fixtureFolder)/\(expected.name)"))
    #expect(!ImageFile.isImage(path: "\(fixtureFolder)/\(expected.name).raw"))
  }

  @Test(arguments: ["bad/empty.jpg", "bad/page.jpg", "bad/photo.jpg", "bad/picture.gif", "bad", "nothing"])
  func knowsWhatIsNoImage(_ name: String) {
    #expect(!ImageFile.isImage(path: "\(fixtureFolder)/\(name)"))
  }

  /// Opening a pipe without a writer would wait for ever.
  @Test func doesNotWaitForPipes() {
    let path = "/tmp/mtl-image-files-\(getpid()).pipe"
    #expect(unsafe mkfifo(path, 0o600) == 0)
    #expect(!ImageFile.isImage(path: path))
    #expect(unsafe unlink(path) == 0)
  }
}
