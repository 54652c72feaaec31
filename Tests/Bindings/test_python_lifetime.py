"""The Python package: errors, loading, and who keeps what alive."""
import gc
import weakref
from pathlib import Path

import numpy
import pytest
from bindings_support import same
from PIL import Image

# ---- Errors --------------------------------------------------------------------------------------------------------


def test_error_classes(mtl_infer, model, model_path, grey, tmp_path):
    from mtl_infer import _ffi

    (tmp_path / "bad.pt").write_bytes(b"no checkpoint" * 100)
    description = (model_path / "model.json").read_text()
    with pytest.raises(mtl_infer.MachineError, match="no/such/model") as machine:
        mtl_infer.load("no/such/model")
    assert machine.value.code == _ffi.MTL_IO and machine.value.errno == 2 and isinstance(machine.value, OSError)
    with pytest.raises(mtl_infer.ModelError) as damaged:
        mtl_infer.loads((tmp_path / "bad.pt").read_bytes(), description=description)
    assert 20 <= damaged.value.code < 40 and str(damaged.value)
    with pytest.raises(mtl_infer.NotFoundError, match="depth") as unknown:
        model.run(grey)["depth"]
    assert unknown.value.code == _ffi.MTL_NOT_FOUND and not str(unknown.value).startswith("'")
    with pytest.raises(mtl_infer.ArgumentError) as shape:
        model.run(tensors=numpy.zeros((1, 3, 128, 128), numpy.float32))
    assert shape.value.code == _ffi.MTL_SHAPE_MISMATCH and "128" in str(shape.value)
    assert mtl_infer.load(model_path / "best.pt").summary.network == "fingers"  # told by its keys and shapes
    with pytest.raises(mtl_infer.MTLError, match="no-such-network"):
        mtl_infer.load(model_path / "best.pt", network="no-such-network")


@pytest.mark.parametrize("code, name", [
    (1, "ArgumentError"), (2, "ArgumentError"), (3, "NotFoundError"), (4, "ArgumentError"), (5, "DtypeError"),
    (6, "ArgumentError"), (7, "BusyError"), (20, "ModelError"), (21, "ModelError"), (22, "ModelError"),
    (23, "ModelError"), (24, "ModelError"), (40, "MachineError"), (41, "MachineError"), (42, "MachineError"),
    (99, "InternalError"),
])
def test_every_status_has_its_class(mtl_infer, code, name):
    from mtl_infer import _ffi
    from mtl_infer.errors import from_record

    error = from_record(_ffi.mtl_error(code=code, system_errno=5, message=b"task \"x\": wrong"))
    assert type(error) is getattr(mtl_infer, name) and isinstance(error, mtl_infer.MTLError)
    assert (error.code, error.system_errno) == (code, 5) and str(error).startswith('task "x": wrong')


def test_every_status_of_the_header_is_tested(mtl_infer):
    from mtl_infer import _ffi

    first, last = list(vars(_ffi)).index("MTL_OK"), list(vars(_ffi)).index("MTL_INTERNAL")
    statuses = [value for value in list(vars(_ffi).values())[first + 1:last + 1]]
    tested = [code for mark in test_every_status_has_its_class.pytestmark for code, _ in mark.args[1]]
    assert statuses == tested


def test_loading(mtl_infer, model_path, grey):
    expected = mtl_infer.load(str(model_path)).run(grey)
    description = (model_path / "model.json").read_text()
    content = (model_path / "best.pt").read_bytes()
    assert same(mtl_infer.load(model_path / "model.json", copy=True).run(grey), expected)
    assert same(mtl_infer.load(model_path / "best.pt", description=description).run(grey), expected)
    assert same(mtl_infer.loads(content, description=description).run(grey), expected)
    assert same(mtl_infer.loads(bytearray(content), description=description).run(grey), expected)
    with pytest.raises(ValueError):
        mtl_infer.load("models\0fingers")
    with pytest.raises(TypeError):
        mtl_infer.load(None)
    with pytest.raises(TypeError):
        mtl_infer.loads("text", description=description)


# ---- Lifetimes -----------------------------------------------------------------------------------------------------


def test_views_outlive_everything(mtl_infer, model_path, grey):
    model = mtl_infer.load(model_path, runtime=mtl_infer.Runtime(threads=2))
    session = model.session()
    result = session.run(grey)
    view = result["count"][0, 1:]
    expected = view.copy()
    result.close()
    session.close()
    model.close()
    handle = weakref.ref(result)
    del result, session, model
    gc.collect()
    assert handle() is None
    other = mtl_infer.load(model_path)
    for value in range(50):
        other.run(grey * 0 + value)
    assert numpy.array_equal(view, expected)


def test_memory_returns_when_the_last_view_is_gone(mtl_infer, model, grey):
    """The buffer of a result is used again only after its last view is gone."""
    with model.session() as session:
        first = session.run(grey)["count"]
        address = first.ctypes.data
        second = session.run(grey)["count"]
        assert second.ctypes.data != address
        part = first[0, :2]
        del first
        assert session.run(grey)["count"].ctypes.data != address and part.ctypes.data == address


def test_close_and_context_managers(mtl_infer, model_path, grey):
    with mtl_infer.Runtime(threads=1) as runtime:
        assert runtime.threads == 1
        with mtl_infer.load(model_path, runtime=runtime) as model, model.session() as session:
            result = session.run(grey)
    for use in (lambda: runtime.threads, lambda: model.run(grey), lambda: model.session(), lambda: session.run(grey),
                lambda: session.stats, lambda: mtl_infer.load(model_path, runtime=runtime)):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert result.label("count").name in "012345"
    session.close()
    result.close()
    with pytest.raises(ValueError, match="closed"):
        result["count"]


def test_stats(model, grey):
    with model.session(threads=1, max_plans=2) as session:
        session.reserve(2)
        builds = session.stats.plan_builds
        session.run([grey, grey])
        session.run([grey, grey])
        stats = session.stats
        assert (stats.runs, stats.plan_builds, stats.threads) == (2, builds, 1) and stats.plan_hits >= 2
        assert stats.total_nanoseconds > 0 and set(session.head_times) == {"hand", "count"}
        with pytest.raises(ValueError):
            session.reserve(-1)


def test_instruction_sets_agree_on_labels(mtl_infer, model, samples):
    isas = ("scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx", "neon", "neondot", "neoni8mm")
    assert mtl_infer.cpu_isa() in isas
    pictures = [Image.open(sample) for sample in samples]
    names = [[label.name for label in model.session(isa=isa).run(pictures).labels["count"]]
             for isa in (*isas, None)]
    assert names.count(names[0]) == len(names)


# ---- The package ---------------------------------------------------------------------------------------------------


def test_type_checker_sees_types(mtl_infer):
    assert (Path(mtl_infer.__file__).parent / "py.typed").exists()
    assert mtl_infer.load.__annotations__["return"] is mtl_infer.Model
    assert all(hasattr(mtl_infer, name) for name in mtl_infer.__all__)
