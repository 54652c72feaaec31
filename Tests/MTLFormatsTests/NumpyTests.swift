import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("NumPy files")
struct NumpyTests {
  private func file(_ header: String, _ data: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
    let length = version == 1 ? Build.little(UInt16(header.utf8.count)) : Build.little(UInt32(header.utf8.count))
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + data
  }

  private func read(_ bytes: [UInt8]) throws(MTLError) -> Tensor {
    try NumpyFile.read(Bytes(copying: bytes), name: "x.npy")
  }

  @Test func writesWhatNumPyWrites() throws {
    let values = (0..<12).map { Float($0 - 6) }
    #expect(try NumpyFile.write(values, shape: [2, 3, 2]) == Fixtures.array("array_f4.npy"))
    #expect(try NumpyFile.write(values.map { Int32($0) }, shape: [2, 3, 2]) == Fixtures.array("array_i4.npy"))
    #expect(try NumpyFile.write(values.map { UInt8(abs($0)) }, shape: [2, 3, 2]) == Fixtures.array("array_u1.npy"))
    #expect(try String(decoding: NumpyFile.write([UInt8(1)], shape: [1]), as: UTF8.self).contains("(1,)"))
    #expect(try NumpyFile.write([Float(2.5)], shape: []) == Fixtures.array("array_scalar.npy"))
    #expect(try NumpyFile.write([Float](), shape: [0, 3]) == Fixtures.array("array_empty.npy"))
    #expect(failure { _ = try NumpyFile.write([Float(1)], shape: [2]) }.kind == .invalidArgument)
  }

  @Test func readsWhatItWrites() throws {
    let tensor = try read(try NumpyFile.write([Float(1), 2, 3], shape: [3]))
    #expect(try tensor.floats() == [1, 2, 3] && tensor.shape == [3])
  }

  @Test func headerMayBeWrittenInOtherWays() throws {
    let data: [UInt8] = [1, 2]
    #expect(try read(file("{\"shape\":(2,),\"descr\":\"|u1\",\"fortran_order\":False}", data)).floats() == [1, 2])
    #expect(
      try read(file(" { 'descr' : '|i1' , 'fortran_order' : True , 'shape' : ( 2L , ) , } \n", data)).floats() == [
        1, 2,
      ])
    #expect(try read(file("{'descr':'|u1','fortran_order':False,'shape':(1, 2)}", data, version: 3)).shape == [1, 2])
  }

  @Test(arguments: [
    "", "{}", "{'descr':'|u1','fortran_order':False}", "{'descr':'|u1','fortran_order':0,'shape':(2,)}",
    "{'descr':'|u1','fortran_order':False,'shape':2}", "{'descr':'|u1','fortran_order':False,'shape':(-2,)}",
    "{'descr':'|u1','fortran_order':False,'shape':(2,)", "{'descr':'|u1','fortran_order':False,'shape':(2,)}x",
    "{'descr':'|u1','fortran_order':False,'shape':(3,)}", "{'descr':'|u1','fortran_order':False,'shape':(1,)}",
    "{'descr':'|u1','descr':'|u1','shape':(2,)}", "{'descr':'|u1','fortran_order':False,'shape':(2,),'x':True}",
    "{'descr':'|u1','fortran_order':False,'shape':(99999999999999999999,)}",
  ])
  func badHeader(_ header: String) {
    #expect(failure { _ = try read(file(header, [1, 2])) }.kind == .badFormat)
  }

  @Test func otherFiles() {
    let object = "{'descr':'|O','fortran_order':False,'shape':(2,)}"
    #expect(failure { _ = try read(file(object, [1, 2])) }.kind == .unsupported)
    let bigEndian = "{'descr':'>f4','fortran_order':False,'shape':()}"
    #expect(failure { _ = try read(file(bigEndian, [0, 0, 0, 0])) }.problem.contains("'>f4'"))
    let huge = "{'descr':'<f8','fortran_order':True,'shape':(0,4611686018427387904,4611686018427387904)}"
    #expect(failure { _ = try read(file(huge)) }.kind == .limit)
    #expect(failure { _ = try read(file("{}", version: 4)) }.kind == .formatTooNew)
    #expect(failure { _ = try read([0x93, 0x4E]) }.kind == .badFormat)
  }
}
