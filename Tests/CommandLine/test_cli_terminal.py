"""What the program does to a terminal and to a pipe."""

import os
import pty
import signal
import subprocess

from support import BINARY, FINGERS, SAMPLES


def run_with_terminal(*arguments):
    """Exit status, standard output (a pipe) and standard error (a terminal)."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    errors = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says EIO when the other end is closed.
            break
        if not part:
            break
        errors += part
    output = process.stdout.read()
    os.close(ours)
    return process.wait(timeout=60), output.decode(), errors.decode()


def test_progress_is_on_the_terminal_only():
    status, output, errors = run_with_terminal("run", FINGERS, *SAMPLES)
    assert status == 0
    assert "[==============================] 24/24" in errors and "s left" in errors
    # Taken away at the end.
    assert errors.endswith("\r\x1b[K")
    assert len(output.splitlines()) == 25
    assert not any(character in output for character in "\r\x1b=")


def test_no_progress_for_a_handful():
    status, output, errors = run_with_terminal("run", FINGERS, *SAMPLES[:8])
    assert status == 0 and errors == "" and len(output.splitlines()) == 9


def test_no_progress_without_a_terminal():
    done = subprocess.run([BINARY, "run", FINGERS, *SAMPLES], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""


def test_errors_do_not_stand_in_the_progress(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"")
    status, output, errors = run_with_terminal("run", FINGERS, *SAMPLES, tmp_path / "bad.png", *SAMPLES)
    assert status == 65
    (line,) = [line for line in errors.replace("\r\n", "\n").split("\n") if "bad.png: " in line]
    assert line.rpartition("\x1b[K")[2].startswith("mtl-infer: ")
    assert len(output.splitlines()) == 49


def test_reader_that_leaves():
    """`mtl-infer run ... | head -1`: ended by the signal, without a word."""
    process = subprocess.Popen(
        [BINARY, "run", FINGERS, *SAMPLES * 40], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) == -signal.SIGPIPE
    assert errors == b""
