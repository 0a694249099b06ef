"""Servers and loads as processes: where they run, what they use, and what was verified meanwhile."""
import collections
import json
import os
import pathlib
import selectors
import signal
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds for anything that should be there at once, on a busy machine
CONNECTING = 60  # seconds until all connections of a load are there

Window = collections.namedtuple("Window", "messages seconds cpu")  # cpu: seconds, of the server


class Failure(Exception):
    """This figure cannot be had: what would be printed instead would not be true."""


class Cpus:
    """Who runs where. Servers and loads have processors of their own, if there are two."""

    def __init__(self):
        have = sorted(os.sched_getaffinity(0))
        self.shared = len(have) < 2
        half = max(1, len(have) // 2)
        self.server = {have[0]}  # one, because it is the cost on one that is compared
        self.load = {have[-1]}
        self.servers, self.loads = set(have[:half]), set(have[half:]) or set(have)  # of a crowd
        os.sched_setaffinity(0, self.load)  # whoever measures is no load on the server


class Process:
    """Runs `command` on `cpus`, until the end of the `with` at the latest."""

    def __init__(self, command, cpus, **more):
        self.command = " ".join(pathlib.Path(str(word)).name for word in command)
        self._log = tempfile.TemporaryFile()  # a pipe that nobody reads would stop it
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log,
            start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, cpus), **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()

    def cpu(self):
        """Seconds on a processor so far, of all threads that are there."""
        total = 0
        for task in (pathlib.Path("/proc") / str(self.process.pid) / "task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:  # a thread that has just ended
                pass
        return total / 1e9

    def memory(self):
        """Bytes that are its own."""
        rollup = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")) * 1024

    def failed(self, how):
        self._log.seek(0)
        log = self._log.read().decode(errors="replace").strip().splitlines()
        return Failure(f"{how}: {self.command}: {' '.join(log[:2] + log[2:][-2:])}")


class Server(Process):
    """`command` prints its port when it listens."""

    def __init__(self, command, cpus):
        super().__init__(command, cpus)
        try:
            line = self.process.stdout.readline()
            if not line:
                raise self.failed("does not start")
            self.port = int(line)
        except BaseException:
            self.kill()
            raise

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
        finally:
            self.kill()

    def stop(self):
        """Ends it as a user does, so that what it does then is right, too. Those that are minimal just die."""
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise self.failed("does not end") from None
        if code not in (0, -signal.SIGTERM):
            raise self.failed(f"ended with exit code {code}")


class Load(Process):
    """Gives the seconds of its --csv as they pass; `command` is called with the name of that file."""

    def __init__(self, command, cpus):
        self._reader, writer = os.pipe()
        super().__init__(command(f"/dev/fd/{writer}"), cpus, pass_fds=[writer])
        os.close(writer)
        self._text = ""
        self._titles = None

    def kill(self):
        super().kill()
        os.close(self._reader)

    def next_second(self, patience=PATIENCE):
        """Columns by title; None when there are no more."""
        deadline = time.monotonic() + patience
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            while True:
                line, found, rest = self._text.partition("\n")
                if found:
                    self._text = rest
                    if self._titles:
                        return {title: float(value or "nan")  # a percentile of too few is empty
                                for title, value in zip(self._titles, line.split(","))}
                    self._titles = line.split(",")
                elif not selector.select(max(0, deadline - time.monotonic())):
                    raise self.failed(f"nothing for {patience} s")
                else:
                    data = os.read(self._reader, 1 << 16)
                    if not data:
                        return None
                    self._text += data.decode()

    def end(self):
        """Waits for its end, and returns its JSON, if any. Everything must have been verified."""
        level = self.outcome()
        if self.process.returncode != 0 or (level and not level["verified"]):
            raise self.failed("not everything was verified")
        return level

    def outcome(self):
        """The same, be it as it may."""
        try:
            output, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise self.failed("does not end") from None
        return json.loads(output)["levels"][0] if output.startswith(b"{") else None


def measure(server, load, seconds):
    """Measures this many seconds of the load, after one second of warm-up. The CPU time is read when the
    load says what it has counted, so both are of the same time."""
    first = load.next_second(CONNECTING)
    cpu = server.cpu()
    messages = 0
    last = first
    for _ in range(seconds):
        last = load.next_second() if first else None
        if last is None:
            load.end()  # says what is wrong
            raise load.failed("ended early")
        messages += int(last["verified"])
    window = Window(messages, last["time_s"] - first["time_s"], server.cpu() - cpu)
    load.end()
    if not window.messages or not window.cpu:
        raise Failure("nothing happened while it was measured")
    return window
