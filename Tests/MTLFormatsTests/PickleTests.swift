import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Pickles as data")
struct PickleTests {
  /// The value that a pickle describes, written like Python does.
  private func show(_ bytes: [UInt8]) throws(MTLError) -> String {
    let (root, heap, end) = try PickleMachine.read(Bytes(copying: bytes), subject: "pickle")
    #expect(end == bytes.count)
    return show(root, heap)
  }

  private func show(_ reference: PickleReference, _ heap: PickleHeap) -> String {
    func list(_ elements: [PickleReference]) -> String { elements.map { show($0, heap) }.joined(separator: " ") }
    switch heap[reference] {
    case .none: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .integer(let value): return "\(value)"
    case .wideInteger(let bytes): return "wide\([UInt8](bytes))"
    case .number(let value): return "\(value)"
    case .text(let text): return "'\(text)'"
    case .data(let bytes): return "b\([UInt8](bytes))"
    case .tuple(let elements): return "(\(list(elements)))"
    case .list(let elements): return "[\(list(elements.references))]"
    case .set(let elements): return "<\(list(elements.references))>"
    case .dictionary(let items): return "{\(list(items.references))}"
    case .global(let name): return name
    case .persistent(let identifier): return "@\(show(identifier, heap))"
    case .object(let object):
      let state = object.state.map { "!" + show($0, heap) } ?? ""
      return object.constructor + show(object.arguments, heap) + state
    }
  }

  struct Case: Sendable, CustomStringConvertible {
    let bytes: [UInt8]
    let value: String
    var description: String { value }
    init(_ bytes: [UInt8], _ value: String) { (self.bytes, self.value) = (bytes, value) }
    init(_ text: String, _ value: String) { self.init(Array(text.utf8), value) }
  }

  static let values: [Case] = [
    Case("N.", "None"), Case([0x88, 0x2E], "True"), Case([0x89, 0x2E], "False"), Case("I01\n.", "True"),
    Case("I00\n.", "False"),
    Case("I-42\n.", "-42"), Case("L-42L\n.", "-42"), Case("F-0.5\n.", "-0.5"), Case("Vabc\n.", "'abc'"),
    Case([0x4B, 0xFF, 0x2E], "255"), Case([0x4D, 0xFF, 0xFE, 0x2E], "65279"),
    Case([0x4A, 0xFE, 0xFF, 0xFF, 0xFF, 0x2E], "-2"),
    Case([0x8A, 0, 0x2E], "0"), Case([0x8A, 1, 0x80, 0x2E], "-128"), Case([0x8A, 2, 0xFF, 0, 0x2E], "255"),
    Case([0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x2E], "\(Int64.min)"), Case([0x8B, 1, 0, 0, 0, 0xFF, 0x2E], "-1"),
    Case([0x8A, 9, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x2E], "wide[1, 0, 0, 0, 0, 0, 0, 0, 1]"),
    Case([0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0x2E], "1.5"),
    Case([0x8C, 2, 0xC3, 0xA9, 0x2E], "'\u{E9}'"), Case([0x55, 1, 0xFF, 0x2E], "'\u{FFFD}'"),
    Case([0x54, 1, 0, 0, 0, 0x61, 0x2E], "'a'"),
    Case([0x8D, 1, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x2E], "'a'"), Case([0x43, 1, 9, 0x2E], "b[9]"),
    Case([0x42, 1, 0, 0, 0, 9, 0x2E], "b[9]"),
    Case([0x8E, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x2E], "b[9]"), Case([0x96, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x2E], "b[9]"),
    Case(").", "()"), Case([0x4E, 0x85, 0x2E], "(None)"), Case([0x4E, 0x88, 0x86, 0x2E], "(None True)"),
    Case([0x4E, 0x88, 0x89, 0x87, 0x2E], "(None True False)"), Case("(NNt.", "(None None)"), Case("].", "[]"),
    Case("(NNl.", "[None None]"),
    Case("]Na.", "[None]"), Case("](NNe.", "[None None]"), Case("}K\u{1}Ns.", "{1 None}"),
    Case("}(K\u{1}NK\u{2}Nu.", "{1 None 2 None}"),
    Case("(K\u{1}Nd.", "{1 None}"), Case([0x8F, 0x28, 0x4E, 0x90, 0x2E], "<None>"),
    Case([0x28, 0x4E, 0x91, 0x2E], "<None>"),
    Case("N(0.", "None"), Case("NN0.", "None"), Case("N(NN1.", "None"),
    Case("K\u{5}2\u{86}.".unicodeScalars.map { UInt8($0.value) }, "(5 5)"),
    Case("Nq\u{1}0h\u{1}.", "None"), Case([0x4E, 0x72, 1, 1, 0, 0, 0x30, 0x6A, 1, 1, 0, 0, 0x2E], "None"),
    Case("Np12\n0g12\n.", "None"),
    Case([0x4E, 0x94, 0x30, 0x68, 0, 0x2E], "None"), Case("ca.b\nC\n.", "a.b.C"),
    Case([0x8C, 1, 0x61, 0x8C, 1, 0x62, 0x93, 0x2E], "a.b"),
    Case("NQ.", "@None"), Case([0x63] + Array("m\nC\n)".utf8) + [0x81, 0x4E, 0x62, 0x2E], "m.C()!None"),
    Case([0x63] + Array("m\nC\n)}".utf8) + [0x92, 0x2E], "m.C()"), Case("ccollections\nOrderedDict\n)R.", "{}"),
    Case("ctorch\nSize\n(K\u{2}K\u{3}t\u{85}R.".unicodeScalars.map { UInt8($0.value) }, "(2 3)"),
    Case("cbuiltins\nset\n(](NNetR.", "<None None>"),
    Case("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR}b.", "m.C(m.C __builtin__.object None)!{}"),
    Case("cm\nColor\n(K\u{1}tR.", "m.Color(1)"), Case("cpathlib\nPosixPath\n(NtR.", "pathlib.PosixPath(None)"),
    Case("(Vmodule\ncm\nNet\nNNtQ)\u{81}.".unicodeScalars.map { UInt8($0.value) }, "m.Net()"),
    Case([0x80, 5, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x4E, 0x2E], "None"),
  ]

  @Test(arguments: values)
  func isDescribed(_ pickle: Case) throws {
    #expect(try show(pickle.bytes) == pickle.value)
  }

  @Test func everyOtherOpcodeIsRefused() {
    let known = Set(PickleTests.values.flatMap(\.bytes) + [0x8B, 0x58])
    var refused = 0
    for opcode in UInt8.min ... .max where !known.contains(opcode) {
      let error = failure { _ = try show([0x80, 2, opcode, 0x2E]) }
      if error.kind == .unsupported {
        #expect(error.problem.contains("0x\(hexadecimal(opcode)) at byte 2"))
        refused += 1
      }
    }
    #expect(refused > 150)
  }

  @Test(arguments: [
    "os.system", "posix.system", "nt.system", "subprocess.Popen", "sys.exit", "builtins.eval", "builtins.exec",
    "builtins.getattr", "builtins.__import__", "__builtin__.compile", "builtins.open", "builtins.print",
    "importlib.import_module",
    "runpy.run_path", "socket.socket", "shutil.rmtree", "ctypes.CDLL", "webbrowser.open", "pty.spawn", "os.path.join",
    "urllib.request.urlopen", "pickle.loads", "operator.attrgetter",
  ])
  func attackIsNamed(_ global: String) {
    let parts = global.split(separator: ".")
    let module = parts.dropLast().joined(separator: ".")
    let error = failure { _ = try show(Build.pickle([Build.name(module, String(parts.last ?? ""))])) }
    #expect(error.kind == .unsupported && error.problem.contains("asks for \(global)"))
  }

  @Test func unknownCallsAreRefused() {
    for arguments in [[], [Build.tuple()], [Build.integer(1), Build.integer(2)]] {
      let pickle = Build.pickle([Build.name("lib", "Thing") + [0x28] + arguments.flatMap { $0 } + [0x74, 0x52]])
      #expect(failure { _ = try show(pickle) }.problem.contains("calls lib.Thing, which is not executed"))
    }
    #expect(
      failure { _ = try show(Build.pickle([Build.call(Build.name("lib", "load"), Build.text("x"))])) }.kind
        == .unsupported)
  }

  @Test func appendingManyTimesIsLinear() throws {
    let count = 1_000_000
    let clock = ContinuousClock()
    let time = try clock.measure {
      var bytes: [UInt8] = [0x80, 2, 0x5D]
      for _ in 0..<count { bytes += [0x4E, 0x61] }
      bytes.append(0x2E)
      let (root, heap, _) = try PickleMachine.read(Bytes(copying: bytes), subject: "pickle")
      #expect(heap.sequence(root)?.count == count)
    }
    #expect(time < .seconds(15), "\(time)")
  }
}
