import Testing

@testable import MTLFormats
@testable import MTLGraph

/// The files of Tests/Hostile/formats, whose README tells their stories: each must fail in the expected way.
@Suite("Hostile checkpoint files")
struct HostileFileTests {
  struct Case: Sendable, CustomStringConvertible {
    let file: String
    let kind: MTLError.Kind
    /// A part of the error's text that shows that the right check caught it.
    let text: String
    var description: String { file }
  }

  static let cases: [Case] = [
    Case(file: "pickle_os_system.pt", kind: .unsupported, text: "asks for os.system"),
    Case(file: "pickle_eval.pt", kind: .unsupported, text: "asks for builtins.eval"),
    Case(file: "pickle_getattr_path.pt", kind: .unsupported, text: "asks for os.path.os.open"),
    Case(
      file: "pickle_unknown_call.pt", kind: .unsupported,
      text: "calls lib.files.remove, which is not executed; save model.state_dict()"),
    Case(file: "pickle_inst.pt", kind: .unsupported, text: "pickle opcode 0x69 at byte 3"),
    Case(file: "pickle_extension.pt", kind: .unsupported, text: "pickle opcode 0x82 at byte 2"),
    Case(file: "pickle_deep_lists.pt", kind: .unsupported, text: "no tensors"),
    Case(file: "pickle_deep_dicts.pt", kind: .unsupported, text: "no tensors in 'a'"),
    Case(file: "pickle_billion_laughs.pt", kind: .limit, text: "too many parts"),
    Case(file: "pickle_cycle.pt", kind: .limit, text: "nests deeper than 64"),
    Case(file: "pickle_copies.pt", kind: .limit, text: "copies more elements than it has bytes"),
    Case(file: "pickle_long_text.pt", kind: .badFormat, text: "needs bytes 7 to 4294967302, but only 8 are there"),
    Case(file: "pickle_huge_text8.pt", kind: .badFormat, text: "has the length 18446744073709551615"),
    Case(file: "pickle_no_stop.pt", kind: .badFormat, text: "ends without STOP at byte 3"),
    Case(file: "pickle_empty_stack.pt", kind: .badFormat, text: "byte 2 finds the stack empty"),
    Case(file: "pickle_no_mark.pt", kind: .badFormat, text: "byte 3 finds no mark"),
    Case(file: "pickle_memo_unset.pt", kind: .badFormat, text: "reads memo 7, which was never written"),
    Case(file: "pickle_protocol_9.pt", kind: .formatTooNew, text: "protocol up to 5, found 9"),
    Case(file: "tensor_negative_stride.pt", kind: .badFormat, text: "found offset 3, 1 strides [-1]"),
    Case(file: "tensor_outside.pt", kind: .badFormat, text: "lead outside its storage of 4 elements"),
    Case(file: "tensor_overflow.pt", kind: .badFormat, text: "lead outside its storage of 4 elements"),
    Case(file: "tensor_expanded.pt", kind: .limit, text: "repeats the 4 elements of its storage to 4294967296"),
    Case(file: "tensor_huge_shape.pt", kind: .limit, text: "at most 2^40 elements"),
    Case(file: "tensor_hidden_by_zero.pt", kind: .limit, text: "at most 2^40 elements"),
    Case(file: "tensor_rank_9.pt", kind: .limit, text: "rank up to 8, found 9"),
    Case(file: "tensor_few_strides.pt", kind: .badFormat, text: "an offset and 2 strides"),
    Case(file: "tensor_long_strides.pt", kind: .badFormat, text: "300 strides"),
    Case(file: "tensor_long_name.pt", kind: .limit, text: "names of at most 1024 bytes"),
    Case(file: "tensor_no_storage.pt", kind: .badFormat, text: "'archive/data/7' is not in the archive"),
    Case(
      file: "tensor_storage_size.pt", kind: .badFormat,
      text: "expected 20 bytes for 5 elements of type float32, found 16"),
    Case(
      file: "tensor_storage_rest.pt", kind: .badFormat,
      text: "expected 12 bytes for 3 elements of type float32, found 16"),
    Case(file: "tensor_storage_overflow.pt", kind: .badFormat, text: "4611686018427387904 elements"),
    Case(file: "tensor_parameter_chain.pt", kind: .unsupported, text: "no tensors in 'w'"),
    Case(file: "zip_directory_offset.pt", kind: .badFormat, text: "runs into the end record"),
    Case(file: "zip_directory_length.pt", kind: .badFormat, text: "runs into the end record"),
    Case(file: "zip_entry_count.pt", kind: .badFormat, text: "expected 9 members in the ZIP directory, found 3"),
    Case(file: "zip_no_zip64_record.pt", kind: .badFormat, text: "the ZIP64 locator is missing"),
    Case(file: "zip_member_offset.pt", kind: .badFormat, text: "member 'archive/data/0': needs bytes 2147483392"),
    Case(file: "zip_member_length.pt", kind: .badFormat, text: "differs from the directory"),
    Case(file: "zip_encrypted.pt", kind: .unsupported, text: "is encrypted"),
    Case(file: "zip_deflated.pt", kind: .unsupported, text: "compression method 8"),
    Case(file: "zip_other_name.pt", kind: .badFormat, text: "differs from the directory"),
    Case(file: "zip_twice.pt", kind: .badFormat, text: "is in the archive twice"),
    Case(file: "zip_overlap.pt", kind: .badFormat, text: "two members of the archive overlap"),
    Case(file: "zip_big_endian.pt", kind: .unsupported, text: "expected little, found big"),
    Case(file: "zip_torchscript.pt", kind: .unsupported, text: "TorchScript archive"),
    Case(
      file: "safetensors_overlap.safetensors", kind: .badFormat, text: "tensor 'b': expected its data at 4, found 2"),
    Case(file: "safetensors_hole.safetensors", kind: .badFormat, text: "tensor 'b': expected its data at 4, found 6"),
    Case(file: "safetensors_behind.safetensors", kind: .badFormat, text: "expected 4 bytes of data, found 5"),
    Case(file: "safetensors_short.safetensors", kind: .badFormat, text: "expected 4 bytes of data, found 3"),
    Case(file: "safetensors_backwards.safetensors", kind: .badFormat, text: "found [4, 0]"),
    Case(file: "safetensors_shape_overflow.safetensors", kind: .limit, text: "at most 2^40 elements"),
    Case(file: "safetensors_shape_wraps.safetensors", kind: .limit, text: "at most 2^40 elements"),
    Case(file: "safetensors_negative.safetensors", kind: .badFormat, text: "integers of at least 0"),
    Case(file: "safetensors_fraction.safetensors", kind: .badFormat, text: "integers of at least 0"),
    Case(file: "safetensors_twice.safetensors", kind: .badFormat, text: "two members of one object have the name 'a'"),
    Case(
      file: "safetensors_metadata.safetensors", kind: .badFormat,
      text: "__metadata__.a: expected a string, found a number"),
    Case(file: "safetensors_not_utf8.safetensors", kind: .badFormat, text: "Invalid encoding in string"),
    Case(file: "safetensors_deep.safetensors", kind: .limit, text: "nested too deeply"),
    Case(
      file: "safetensors_header_length.safetensors", kind: .badFormat,
      text: "needs bytes 8 to 90000008, but only 10 are there"),
    Case(file: "safetensors_header_cut.safetensors", kind: .badFormat, text: "line 1, byte 23"),
  ]

  static let folder = {
    let parts = #filePath.split(separator: "/").dropLast(2)
    return "/" + parts.joined(separator: "/") + "/Hostile/formats/"
  }()

  @Test(arguments: cases)
  func isRefused(_ hostile: Case) throws {
    let bytes = try MappedFile.open(path: HostileFileTests.folder + hostile.file)
    let error = failure { _ = try WeightStore.read(bytes, name: hostile.file) }
    #expect(error.kind == hostile.kind, "\(error)")
    #expect(error.description.contains(hostile.text), "\(error)")
    #expect(error.description.utf8.count < 400)
  }
}
