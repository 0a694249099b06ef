"""A server under test, as a process: starting it, stopping it, and what it uses meanwhile."""
import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from listening import PATIENCE, FreePort, wait_until

# Seconds after which a server ends a connection. Short, so that hostile clients come and go all the time, and longer
# than anything that a good client waits for on a machine that is busy with other things.
LIMIT = 3
MAX_MESSAGE = 1 << 20

# What each twin is run with: the async server with one event loop, and where connections come and go most, with two.
MODELS = {
    "sync": lambda framing: ("revecho-sync-server", "--model", "threads"),
    "async": lambda framing: ("revecho-async-server", "--threads", "2" if framing in ("line", "eof") else "1"),
    "epoll": lambda framing: ("revecho-epoll-server", "--threads", "2" if framing in ("line", "eof") else "1"),
}

Sample = collections.namedtuple("Sample", "memory descriptors threads")


class Server:
    def __init__(self, programs, twin, framing):
        self.name = f"{twin} {framing}"
        self.framing = framing
        self.totals = {}
        self.samples = []
        self._tail = collections.deque(maxlen=20)  # a log of hours does not fit anywhere
        self._free_port = FreePort()
        program, *options = MODELS[twin](framing)
        limits = [word for which in ("idle", "message", "write") for word in (f"--{which}-timeout", f"{LIMIT}s")]
        self._process = subprocess.Popen(
            [programs / program, *options, "--framing", framing, *limits, "--max-message", str(MAX_MESSAGE),
             "--log-format", "json", *self._free_port.arguments],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self._reader = threading.Thread(target=lambda: self._tail.extend(self._process.stderr), daemon=True)
        self._reader.start()
        try:
            self.port = self._free_port.await_server(self._process)
            # Its first line comes after the port file is closed, which else would be in the first sample.
            wait_until(lambda: "listening on" in self.log() or not self.is_alive(), f"{self.name} listens")
            if self.port is None or not self.is_alive():
                raise RuntimeError(f"{self.name} does not start: {self.log()}")
        except BaseException:
            self.kill()
            raise
        self.begin = self.sample()

    def is_alive(self):
        return self._process.poll() is None

    def log(self):
        """Its last lines."""
        return b"".join(self._tail).decode(errors="replace")

    def signal(self, number):
        self._process.send_signal(number)

    def sample(self):
        process = pathlib.Path("/proc") / str(self._process.pid)
        pages = int((process / "statm").read_text().split()[1])
        return Sample(pages * os.sysconf("SC_PAGESIZE"), len(os.listdir(process / "fd")),
                      len(os.listdir(process / "task")))

    def is_quiet(self):
        """Has it given back what its connections took? As many descriptors and threads as before the first."""
        return self.is_alive() and self.sample()[1:] == self.begin[1:]

    def stop(self):
        """Ends it with SIGTERM, and returns what was not right with that."""
        if not self.is_alive():
            return [f"{self.name} died: exit code {self._process.returncode}, and at the end of its log {self.log()}"]
        self.signal(signal.SIGTERM)
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return [f"{self.name} does not end on SIGTERM"]
        self._reader.join(PATIENCE)
        if code != 0:
            return [f"{self.name} ended with exit code {code} on SIGTERM, and this log: {self.log()}"]
        last = json.loads(self._tail[-1]) if self._tail else {}
        self.totals = {name: value for name, value in last.items() if isinstance(value, int)}
        if "served" not in self.totals:
            return [f"{self.name} ended without totals: {self.log()}"]
        if self.totals["open"] != 0:
            return [f"{self.name} has lost count of its connections: {self.totals}"]
        return []

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._reader.join(PATIENCE)
        self._free_port.close()
