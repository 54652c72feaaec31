"""Writes the files of Tests/Hostile/formats. Needs nothing but Python; the stories are in Tests/Hostile/README.md."""

import io
import json
import struct
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Hostile" / "formats"


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value):
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    return b"\x8a\x08" + struct.pack("<q", value)


def integers(values):
    return b"(" + b"".join(integer(v) for v in values) + b"t"


def name(module, attribute):
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def storage(key="0", count=4, kind="FloatStorage"):
    return b"(" + text("storage") + name("torch", kind) + text(key) + text("cpu") + integer(count) + b"tQ"


def tensor(offset=0, sizes=(4,), strides=(1,), memory=None):
    return (name("torch._utils", "_rebuild_tensor_v2") + b"(" + (memory or storage()) + integer(offset) +
            integers(sizes) + integers(strides) + b"\x89" + name("collections", "OrderedDict") + b")RtR")


def state(*items):
    return b"\x80\x02}(" + b"".join(text(k) + v for k, v in items) + b"u."


def archive(pickle, members=None):
    """A checkpoint in the zip container."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for member, data in {"data.pkl": pickle, "byteorder": b"little", "data/0": bytes(16), **(members or {})}.items():
            file.writestr(zipfile.ZipInfo("archive/" + member, (1980, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def patched(data, signature, offset, value):
    """Overwrites the field at `offset` of the last record with that signature."""
    position = data.rindex(signature) + offset
    return data[:position] + value + data[position + len(value):]


def safetensors(header, data=b""):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def entry(begin, end, shape=None, dtype="U8"):
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


def pickles():
    yield "pickle_os_system.pt", archive(b"\x80\x02" + name("os", "system") + b"(" + text("echo owned") + b"tR.")
    yield "pickle_eval.pt", archive(b"\x80\x04" + b"\x8c\x08builtins\x8c\x04eval\x93" + b"(" + text("1") + b"tR.")
    yield "pickle_getattr_path.pt", archive(b"\x80\x04" + b"\x8c\x02os\x8c\x0cpath.os.open\x93.")
    yield "pickle_unknown_call.pt", archive(state(("w", tensor()), ("x", name("lib.files", "remove") + b"(" + text("a") + b"tR")))
    yield "pickle_inst.pt", archive(b"\x80\x02(" + b"i" + b"shutil\nrmtree\n.")
    yield "pickle_extension.pt", archive(b"\x80\x02\x82\x01.")
    yield "pickle_deep_lists.pt", archive(b"\x80\x02" + b"]" * 20000 + b"a" * 19999 + b".")
    yield "pickle_deep_dicts.pt", archive(b"\x80\x02" + (b"}" + text("a")) * 200 + tensor() + b"s" * 200 + b".")
    laughs = b"\x80\x02]q\x00" + tensor() + b"a0"
    for level in range(1, 30):
        laughs += b"]q" + bytes([level]) + b"(" + (b"h" + bytes([level - 1])) * 10 + b"e0"
    yield "pickle_billion_laughs.pt", archive(laughs + b"h\x1d.")
    yield "pickle_cycle.pt", archive(b"\x80\x02}q\x00(" + text("w") + tensor() + text("self") + b"h\x00" + b"u.")
    yield "pickle_copies.pt", archive(
        b"\x80\x02](" + b"N" * 2000 + b"eq\x000" + name("builtins", "set") + b"q\x01" + b"(" + b"h\x01h\x00\x85R" * 2000 + b"t.")
    yield "pickle_long_text.pt", archive(b"\x80\x02X\xff\xff\xff\xff.")
    yield "pickle_huge_text8.pt", archive(b"\x80\x04\x8d" + b"\xff" * 8 + b".")
    yield "pickle_no_stop.pt", archive(b"\x80\x02}")
    yield "pickle_empty_stack.pt", archive(b"\x80\x02R.")
    yield "pickle_no_mark.pt", archive(b"\x80\x02Nt.")
    yield "pickle_memo_unset.pt", archive(b"\x80\x02h\x07.")
    yield "pickle_protocol_9.pt", archive(b"\x80\x09N.")


def tensors():
    yield "tensor_negative_stride.pt", archive(state(("w", tensor(3, (4,), (-1,)))))
    yield "tensor_outside.pt", archive(state(("w", tensor(1, (4,), (1,)))))
    yield "tensor_overflow.pt", archive(state(("w", tensor(0, (3, 3), (2**62, 2**62)))))
    yield "tensor_expanded.pt", archive(state(("w", tensor(0, (1 << 30, 4), (0, 1)))))
    yield "tensor_huge_shape.pt", archive(state(("w", tensor(0, (1 << 31, 1 << 31, 1 << 31), (0, 0, 0)))))
    yield "tensor_hidden_by_zero.pt", archive(state(("w", tensor(0, (0, 2**62, 2**62), (1, 1, 1)))))
    yield "tensor_rank_9.pt", archive(state(("w", tensor(0, (1,) * 9, (1,) * 9))))
    yield "tensor_few_strides.pt", archive(state(("w", tensor(0, (2, 2), (1,)))))
    yield "tensor_no_storage.pt", archive(state(("w", tensor(memory=storage("7")))))
    yield "tensor_storage_size.pt", archive(state(("w", tensor(memory=storage("0", 5)))))
    yield "tensor_storage_rest.pt", archive(state(("w", tensor(0, (3,), (1,), storage("0", 3)))))
    yield "tensor_storage_overflow.pt", archive(state(("w", tensor(memory=storage("0", 2**62)))))
    parameter = name("torch._utils", "_rebuild_parameter")
    yield "tensor_parameter_chain.pt", archive(state(("w", parameter * 9 + tensor() + b"\x85R" * 9)))
    yield "tensor_long_strides.pt", archive(state(("w", tensor(0, (2,), (1,) * 300))))
    yield "tensor_long_name.pt", archive(state(("w" * 2000, tensor())))


def archives():
    good = archive(state(("w", tensor())))
    yield "zip_directory_offset.pt", patched(good, b"PK\5\6", 16, b"\xf0\xff\xff\x7f")
    yield "zip_directory_length.pt", patched(good, b"PK\5\6", 12, b"\xf0\xff\xff\x7f")
    yield "zip_entry_count.pt", patched(good, b"PK\5\6", 10, b"\x09\x00")
    yield "zip_no_zip64_record.pt", patched(good, b"PK\5\6", 16, b"\xff\xff\xff\xff")
    yield "zip_member_offset.pt", patched(good, b"PK\1\2", 42, b"\x00\xff\xff\x7f")
    yield "zip_member_length.pt", patched(good, b"PK\1\2", 20, b"\x00\x00\x00\x7f\x00\x00\x00\x7f")
    yield "zip_encrypted.pt", patched(good, b"PK\1\2", 8, b"\x01\x00")
    yield "zip_deflated.pt", patched(good, b"PK\1\2", 10, b"\x08\x00")
    yield "zip_other_name.pt", good.replace(b"archive/data/0", b"archive/data/1", 1)
    overlap = archive(state(("w", tensor())), {"data/1": bytes(16)})
    yield "zip_twice.pt", overlap.replace(b"archive/data/1", b"archive/data/0")
    inner = bytes(8) + overlap[overlap.index(b"PK\3\4", overlap.index(b"data/0")):overlap.index(b"PK\1\2")]
    outer = archive(state(("w", tensor())), {"data/0": inner, "data/1": bytes(16)})
    position = outer.index(b"PK\3\4", outer.index(b"data/0"))
    yield "zip_overlap.pt", patched(outer, b"PK\1\2", 42, struct.pack("<I", position))
    yield "zip_big_endian.pt", archive(state(("w", tensor())), {"byteorder": b"big"})
    yield "zip_torchscript.pt", archive(state(("w", tensor())), {"constants.pkl": b"N.", "code/net.py": b""})


def safetensors_files():
    yield "safetensors_overlap.safetensors", safetensors({"a": entry(0, 4), "b": entry(2, 6)}, bytes(6))
    yield "safetensors_hole.safetensors", safetensors({"a": entry(0, 4), "b": entry(6, 8)}, bytes(8))
    yield "safetensors_behind.safetensors", safetensors({"a": entry(0, 4)}, bytes(5))
    yield "safetensors_short.safetensors", safetensors({"a": entry(0, 4)}, bytes(3))
    yield "safetensors_backwards.safetensors", safetensors({"a": entry(4, 0, [4])}, bytes(4))
    yield "safetensors_shape_overflow.safetensors", safetensors({"a": entry(0, 4, [2**62, 2**62, 4])}, bytes(4))
    yield "safetensors_shape_wraps.safetensors", safetensors({"a": entry(0, 0, [2**32, 2**32], "F64")})
    yield "safetensors_negative.safetensors", safetensors({"a": entry(0, 4, [-4])}, bytes(4))
    yield "safetensors_twice.safetensors", safetensors(
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"1")
    yield "safetensors_metadata.safetensors", safetensors({"__metadata__": {"a": 1}})
    yield "safetensors_fraction.safetensors", safetensors({"a": entry(0, 4, [4.5])}, bytes(4))
    yield "safetensors_not_utf8.safetensors", safetensors(b'{"\xff":1}')
    yield "safetensors_deep.safetensors", safetensors(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}")
    yield "safetensors_header_length.safetensors", struct.pack("<Q", 90_000_000) + b"{}"
    yield "safetensors_header_cut.safetensors", safetensors(b'{"a":{"dtype":"U8","sha')


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for group in (pickles, tensors, archives, safetensors_files):
        for file, data in group():
            (FOLDER / file).write_bytes(data)


if __name__ == "__main__":
    main()
