"""What the tests of this folder share: our programs as processes, and waits that end.

The environment variable REVECHO_PROGRAMS names the directory of the built programs. To run one subject by hand:
    cd tests/interop && REVECHO_PROGRAMS=$PWD/../../build/release python3 -B -m unittest -v plain_sockets
"""
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

PATIENCE = 30  # seconds that any one wait may take, on a busy machine and under a sanitizer

SERVERS = {
    "sync, threads": ("revecho-sync-server", "--model", "threads"),
    "sync, iterative": ("revecho-sync-server", "--model", "iterative"),
    "async": ("revecho-async-server",),
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


def wait_until(condition, what):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise TimeoutError(f"{what}: not in {PATIENCE} s")


class Process:
    """A program in the background. At the end of the `with` block it is dead, whatever happened in the block."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]
        self.log_file = tempfile.TemporaryFile()
        self.process = None

    def __enter__(self):
        nothing = subprocess.DEVNULL
        self.process = subprocess.Popen(
            self.command, stdin=nothing, stdout=nothing, stderr=self.log_file, start_new_session=True)
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

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

    def __init__(self, program, *arguments, host="127.0.0.1"):
        self.directory = tempfile.TemporaryDirectory()
        self.port_file = pathlib.Path(self.directory.name) / "port"
        self.port = None
        super().__init__(
            program_directory() / program, "--listen", f"{host}:0", "--port-file", self.port_file, *arguments)

    def wait_until_ready(self):
        def port_or_end():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.command} ended at once: {self.log()}")
            return self.port_file.exists()

        wait_until(port_or_end, f"{self.command} listens")
        self.port = int(self.port_file.read_text())

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.process.terminate()
                status = self.process.wait(PATIENCE)
                if status != 0:
                    raise AssertionError(f"{self.command} ended with {status}: {self.log()}")
        finally:
            self.kill()
            self.directory.cleanup()


class TestCase(unittest.TestCase):
    def on_every_server(self, framing, check, host="127.0.0.1"):
        """Calls check(port) with a server of each kind."""
        for name, command in SERVERS.items():
            with self.subTest(server=name), Server(*command, "--framing", framing, host=host) as server:
                check(server.port)
