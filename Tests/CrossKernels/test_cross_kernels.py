"""The kernels for ARM, cross-compiled and run under an emulator of processors with more and with fewer instructions; and
the same program for this machine.

MTL_TEST_CONFIGURATIONS asks for a longer run, MTL_TEST_SEED for other numbers, CLANG for another compiler.
"""
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
PROGRAMS = FOLDER.parent.parent / ".build" / "cross_kernels"
LIBRARIES = "/usr/aarch64-linux-gnu"

#: Processors of the emulator: their sets, worst first, and configurations of each family where nothing else is asked for.
PROCESSORS = {
    "max": (["scalar", "neon", "neondot", "neoni8mm"], 150),
    "neoverse-n1": (["scalar", "neon", "neondot"], 50),
    "cortex-a53": (["scalar", "neon"], 50),
}


def build(target: str) -> Path:
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "-C", FOLDER, f"TARGET={target}"], check=True)
    return PROGRAMS / target / "cross_kernels"


def sets_of(program: list, configurations: int) -> list:
    """Runs the program; the sets that it drove, worst first."""
    count = os.environ.get("MTL_TEST_CONFIGURATIONS", str(configurations))
    seed = os.environ.get("MTL_TEST_SEED", "1")
    done = subprocess.run([*map(str, program), count, seed], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    sets = re.findall(r"^(\w+): \d+ kernels, \d+ calls$", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[0] == f"best: {sets[-1]}"
    return sets


@pytest.fixture(scope="module")
def arm_program():
    if platform.machine() != "x86_64":
        pytest.skip("the cross compiler's C library is one for x86-64")
    return build("aarch64-linux-gnu")


@pytest.mark.parametrize("processor", PROCESSORS)
def test_arm(arm_program, processor):
    sets, configurations = PROCESSORS[processor]
    emulator = ["qemu-aarch64", "-L", LIBRARIES, "-cpu", processor]
    assert sets_of([*emulator, arm_program], configurations) == sets


def test_this_machine():
    assert sets_of([build("native")], 200)[0] == "scalar"
