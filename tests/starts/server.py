# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Forks commands from a process that has imported MindSpore and this project, and done nothing else.

    python tests/starts/server.py FOLDER

Importing takes 3 to 4 seconds of a core, which every command of the tests would spend. FOLDER gets the programs
``python`` and ``msrun`` (``client.py``), which have their commands run here: with their arguments, environment, folder,
open files, cores, limit of file sizes, and process group or session. A command has its own device, tensors and graphs:
there are none before the fork. The one thread that MindSpore 2.10 starts at import waits for work that never comes, and
no command misses it. A command ends as a process that was forked does, without what MindSpore does at the exit.
"""

import atexit
import gc
import json
import os
import resource
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOORS = ("train.py", "eval.py", "export.py", "infer.py")
TOOLS = ("check_data.py", "complexity.py", "convert.py", "launch.py", "sweep.py", "visualize.py")
FORKED = [str(ROOT / door) for door in DOORS] + [str(ROOT / "tools" / tool) for tool in TOOLS]


class Server:
    """Commands that run, and the clients that wait for them."""

    def __init__(self, folder: Path) -> None:
        """Listen in ``folder``."""
        self._python, self._msrun = str(folder / "python"), str(folder / "msrun")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "socket"))
        self._listener.listen(64)
        self._woken, self._waker = socket.socketpair()
        self._clients: dict[socket.socket, tuple[int, bool]] = {}  # process, and whether it leads a group
        self._selector = selectors.DefaultSelector()
        for file in (self._listener, self._woken, sys.stdin):
            self._selector.register(file, selectors.EVENT_READ)

    def serve(self) -> None:
        """Fork until standard input ends, which is the end of the tests."""
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is self._woken:
                    self._woken.recv(4096)
                elif key.fileobj is self._listener:
                    self._accept()
                else:
                    self._client_is_gone(key.fileobj)
            self._tell_ends()

    def close(self) -> None:
        """Leave no process behind."""
        for client in list(self._clients):
            self._client_is_gone(client)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        head, files, _, _ = socket.recv_fds(client, 4, 3)
        message = b""
        while len(message) < int.from_bytes(head, "little"):
            message += client.recv(1 << 20)
        inherited = json.loads(message)
        process = os.fork()
        if not process:
            for own in (client, self._listener, self._woken, self._waker, *self._clients):
                own.close()
            self._selector.close()
            become(inherited, files)
            end_as(lambda: run(inherited["arguments"], self._python))
        for file in files:
            os.close(file)
        self._clients[client] = process, inherited["leads"] != "nothing"
        self._selector.register(client, selectors.EVENT_READ)
        client.sendall(f"{process}\n".encode())

    def _client_is_gone(self, client: socket.socket) -> None:
        """Kill the process whose client was killed, and its group where it leads one."""
        process, leads = self._clients.pop(client)
        self._selector.unregister(client)
        client.close()
        (os.killpg if leads else os.kill)(process, signal.SIGKILL)
        os.waitpid(process, 0)

    def _tell_ends(self) -> None:
        for client, (process, _) in list(self._clients.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                del self._clients[client]
                self._selector.unregister(client)
                with client:
                    client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(inherited: dict, files: list[int]) -> None:
    """Take over what a command inherits."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if inherited["leads"] == "session":
        os.setsid()
    elif inherited["leads"] == "group" or inherited["session"] == os.getsid(0):  # else there is no way in
        os.setpgid(0, 0 if inherited["leads"] == "group" else inherited["group"])
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(inherited["folder"])
    os.environ.clear()
    os.environ.update(inherited["environment"])
    os.sched_setaffinity(0, inherited["cores"])
    resource.setrlimit(resource.RLIMIT_FSIZE, tuple(inherited["file_size"]))


def run(arguments: list[str], python: str) -> None:
    """Be the program that a command names."""
    name, *rest = arguments
    sys.executable = python  # which forks, too
    if name.endswith("msrun"):
        from mindspore.parallel.cluster.run import main

        sys.argv = arguments
        sys.exit(main())
    sys.argv = rest
    sys.path[0] = str(Path(rest[0]).resolve().parent)
    runpy.run_path(rest[0], run_name="__main__")


def end_as(work) -> None:
    """Do the work, and end this process with the status that Python would end with."""
    from src.launch.rank import exit_status

    status = 0
    try:
        work()
    except SystemExit as left:
        status = exit_status(left)
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Prepare the folder, and serve."""
    folder = Path(sys.argv[1])
    sys.path[0] = str(ROOT)
    for module in ("train", "eval", "export", "infer", "onnx", "onnxruntime", "matplotlib.figure"):
        try:
            __import__(module)
        except ImportError:  # of what not everybody has
            continue
    gc.collect()
    gc.freeze()  # collecting what was imported takes a tenth of compiling a graph
    server = Server(folder)
    client = f"#!{sys.executable} -ISE\n{Path(__file__).with_name('client.py').read_text()}"
    for name in ("python", "msrun"):
        (folder / name).write_text(client)
        (folder / name).chmod(0o755)
    (folder / "settings.json").write_text(json.dumps({"python": sys.executable, "forked": FORKED}))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        server.serve()
    finally:
        server.close()


if __name__ == "__main__":
    main()
