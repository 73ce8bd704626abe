# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A command that is forked is like one that Python starts: what it gets, what it says, how it ends and is ended."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.starts.server import FORKED

# a stand-in for a door: says what it was given, and ends as it is told
PROGRAM = """\
import json, os, resource, signal, sys, time
told = sys.argv[1]
if told == "exit":
    sys.exit(7)
if told == "words":
    sys.exit("words")
if told == "raise":
    raise KeyError("nothing")
if told == "die":
    os.kill(os.getpid(), signal.SIGSEGV)
if told == "wait":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
    print(os.getpid(), flush=True)
    time.sleep(100)
print(json.dumps({
    "arguments": sys.argv, "name": __name__, "file": __file__, "path": sys.path[0], "folder": os.getcwd(),
    "variable": os.environ.get("VARIABLE"), "home": os.environ.get("HOME"), "read": sys.stdin.read(),
    "size": resource.getrlimit(resource.RLIMIT_FSIZE)[0], "cores": sorted(os.sched_getaffinity(0)),
    "leads": os.getsid(0) == os.getpid(), "mask": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
}))
sys.stderr.write("trouble")
"""


@pytest.fixture(scope="module", params=["forked", "started"])
def python(request, forks, tmp_path_factory):
    """(a Python, a program): one that is forked, and Python itself, which shows that the test is right."""
    program = tmp_path_factory.mktemp("programs") / "program.py"
    program.write_text(PROGRAM)
    if request.param == "started":
        return sys.executable, str(program)
    folder = tmp_path_factory.mktemp("own")
    for name in ("python", "socket"):
        (folder / name).symlink_to(forks / name)
    settings = json.loads((forks / "settings.json").read_text())
    (folder / "settings.json").write_text(json.dumps({**settings, "forked": [str(program.resolve())]}))
    return str(folder / "python"), str(program)


def test_a_command_gets_what_it_was_given(python, tmp_path):
    core = min(os.sched_getaffinity(0))

    def prepare():
        import resource

        os.sched_setaffinity(0, [core])
        resource.setrlimit(resource.RLIMIT_FSIZE, (12345, 12345))

    how = {"cwd": tmp_path, "env": {"VARIABLE": "é 猫", "PATH": ""}, "input": "read this", "encoding": "utf-8"}
    how |= {"capture_output": True, "start_new_session": True, "preexec_fn": prepare}
    done = subprocess.run([*python, "say", "ü b"], check=False, **how)
    assert (done.returncode, done.stderr) == (0, "trouble")
    program = python[1]
    assert json.loads(done.stdout) == {
        **{"arguments": [program, "say", "ü b"], "name": "__main__", "file": program, "folder": str(tmp_path)},
        **{"path": str(Path(program).parent), "variable": "é 猫", "home": None, "read": "read this", "size": 12345},
        **{"cores": [core], "leads": True, "mask": []},
    }


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [("exit", 7, ""), ("words", 1, "words\n"), ("raise", 1, "KeyError: 'nothing'\n"), ("die", -signal.SIGSEGV, "")],
)
def test_a_command_ends_as_it_did(python, told, status, said):
    done = subprocess.run([*python, told], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stderr.endswith(said)
    assert done.stdout == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 5), (signal.SIGINT, -2), (signal.SIGKILL, -9)])
def test_a_signal_reaches_a_command(python, number, status):
    with subprocess.Popen([*python, "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        worker = int(process.stdout.readline())
        process.send_signal(number)
        said = process.stderr.read()  # ends with the last process that has it
    assert process.returncode == status
    assert ("KeyboardInterrupt" in said) == (number == signal.SIGINT)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{worker}").exists()


def test_what_is_forked_is_there():
    assert [path for path in FORKED if not Path(path).is_file()] == []


def test_another_program_is_started(forks):
    program = "import sys; print(sys.executable, 'mindspore' in sys.modules)"
    done = subprocess.run([forks / "python", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{sys.executable} False\n"
