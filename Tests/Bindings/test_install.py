"""tools/install.sh: the installed tree serves pkg-config and CMake, and may be moved."""
import os
import shutil

import pytest
from bindings_support import ROOT, compiler, run

CMAKE = """cmake_minimum_required(VERSION 3.16)
project(consumer C CXX)
find_package(mtl-infer {version} REQUIRED)
add_executable(classify_c {root}/bindings/c/classify.c)
add_executable(classify_cpp {root}/bindings/cpp/classify.cpp)
set_property(TARGET classify_c PROPERTY C_STANDARD 99)
set_property(TARGET classify_cpp PROPERTY CXX_STANDARD 17)
target_link_libraries(classify_c mtl-infer::mtl-infer)
target_link_libraries(classify_cpp mtl-infer::mtl-infer)
"""


@pytest.fixture(scope="module", params=["installed", "moved"])
def prefix(request, library, tmp_path_factory):
    """An installed tree, where it was put and somewhere else. Its path contains no spaces, which pkg-config escapes."""
    folder = tmp_path_factory.mktemp("install")
    run(ROOT / "tools" / "install.sh", folder / "prefix", env={**os.environ, "MTL_INFER_LIBRARY": str(library)},
        timeout=1800)
    if request.param == "installed":
        return folder / "prefix"
    (folder / "elsewhere").mkdir()
    return (folder / "prefix").rename(folder / "elsewhere" / "moved")


def test_tree(prefix):
    links = {path.name: os.readlink(path) for path in (prefix / "lib").iterdir() if path.is_symlink()}
    assert links == {"libmtl_infer.so": "libmtl_infer.so.0", "libmtl_infer.so.0": "libmtl_infer.so.0.1.0"}
    files = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file())
    assert files == sorted([
        "bin/mtl-infer", "include/mtl_infer.h", "include/mtl_infer.hpp", "lib/libmtl_infer.so",
        "lib/libmtl_infer.so.0", "lib/libmtl_infer.so.0.1.0", "lib/pkgconfig/mtl-infer.pc",
        "lib/cmake/mtl-infer/mtl-infer-config.cmake", "lib/cmake/mtl-infer/mtl-infer-config-version.cmake",
    ])
    assert ".symtab" not in run("readelf", "--sections", "--wide", prefix / "lib" / "libmtl_infer.so")
    for path in prefix.rglob("*"):
        if path.is_file() and path.suffix in (".pc", ".cmake"):
            assert "@" not in path.read_text() and str(prefix.parent) not in path.read_text()


def test_program_runs(prefix):
    assert "USAGE" in run(prefix / "bin" / "mtl-infer", "--help")


def test_pkg_config(prefix, model_path, sample_pgm, tmp_path):
    if not shutil.which("pkg-config"):
        pytest.skip("this machine has no pkg-config")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "mtl-infer", env=environment).split()
    assert run("pkg-config", "--modversion", "mtl-infer", env=environment).strip() == "0.1.0"
    run(compiler("gcc"), ROOT / "bindings" / "c" / "classify.c", "-o", tmp_path / "classify", *flags)
    output = run(tmp_path / "classify", model_path, sample_pgm, env={"LD_LIBRARY_PATH": str(prefix / "lib")})
    assert "count" in output


def configure(prefix, folder, version):
    if not shutil.which("cmake"):
        pytest.skip("this machine has no cmake")
    (folder / "CMakeLists.txt").write_text(CMAKE.format(root=ROOT, version=version))
    return ["cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}"]


@pytest.mark.parametrize("version", ["", "0.1"])
def test_cmake(prefix, version, model_path, sample_pgm, tmp_path):
    run(*configure(prefix, tmp_path, version))
    run("cmake", "--build", tmp_path / "build")
    outputs = [run(tmp_path / "build" / name, model_path, sample_pgm) for name in ("classify_c", "classify_cpp")]
    assert "count" in outputs[0] and outputs[0] == outputs[1]


@pytest.mark.parametrize("version", ["1.0", "0.2"])
def test_cmake_refuses_other_versions(prefix, version, tmp_path):
    command = configure(prefix, tmp_path, version)
    with pytest.raises(AssertionError, match="mtl-infer"):
        run(*command)
