"""What the tests of this folder share: our programs as processes, and waits that end.

The environment variable REVECHO_PROGRAMS names the directory of the built programs. To run one subject by hand:
    cd tests/interop && REVECHO_PROGRAMS=$PWD/../../build/release python3 -B -m unittest -v plain_sockets
"""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from listening import PATIENCE, FreePort, wait_until

SERVERS = {
    "sync, threads": ("revecho-sync-server", "--model", "threads"),
    "sync, iterative": ("revecho-sync-server", "--model", "iterative"),
    "async": ("revecho-async-server",),
    "epoll": ("revecho-epoll-server",),
}
CLIENTS = ("revecho-sync-client", "revecho-async-client")


def program_directory():
    if "REVECHO_PROGRAMS" not in os.environ:
        raise SystemExit("REVECHO_PROGRAMS must name the directory of the built programs")
    return pathlib.Path(os.environ["REVECHO_PROGRAMS"])


def run(*command, stdin=b""):
    """Runs a program of ours, or any other, to its end: returns a CompletedProcess with bytes."""
    name, *arguments = command
    path = program_directory() / name if name.startswith("revecho-") else name
    return subprocess.run([path, *arguments], input=stdin, capture_output=True, timeout=PATIENCE)


class Process:
    """A program in the background. At the end of the `with` block it is dead, whatever happened in the block."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]
        self.log_file = tempfile.TemporaryFile()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def start(self):
        """Returns once it is ready; also starts it again."""
        nothing = subprocess.DEVNULL
        self.process = subprocess.Popen(
            self.command, stdin=nothing, stdout=nothing, stderr=self.log_file, start_new_session=True)
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def __exit__(self, kind, error, trace):
        self.kill()

    def wait_until_ready(self):
        """For the kinds of process that have something to wait for."""

    def log(self):
        return os.pread(self.log_file.fileno(), 1 << 20, 0).decode(errors="replace")

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # its children too
        self.process.wait(PATIENCE)
        self.log_file.close()


class Server(Process):
    """One of our servers, on a free port. When the `with` block ends well, it must also stop well on SIGTERM."""

    def __init__(self, program, *arguments, host="127.0.0.1", port=0):
        self.free_port = FreePort(host, port)
        self.port = None
        super().__init__(program_directory() / program, *self.free_port.arguments, *arguments)

    def wait_until_ready(self):
        self.port = self.free_port.await_server(self.process)
        if self.port is None:
            raise AssertionError(f"{self.command} ended at once: {self.log()}")

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.process.terminate()
                status = self.process.wait(PATIENCE)
                if status != 0:
                    raise AssertionError(f"{self.command} ended with {status}: {self.log()}")
        finally:
            self.kill()
            self.free_port.close()


class TestCase(unittest.TestCase):
    def on_every_server(self, framing, check, host="127.0.0.1"):
        """Calls check(port) with a server of each kind."""
        for name, command in SERVERS.items():
            with self.subTest(server=name), Server(*command, "--framing", framing, host=host) as server:
                check(server.port)
