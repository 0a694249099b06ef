"""What the tests of this folder share: a server as a process, and the sweep over what can fail."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import tracing  # finds processes
from processes import PATIENCE, FreePort, program_directory, wait_until


class Server:
    """A server as a process. When the `with` block ends it is dead."""

    def __init__(self, program, arguments, trace=None, environment=None):
        self.free_port = FreePort()
        self.log_file = tempfile.TemporaryFile()
        command = [str(program_directory() / program), *arguments, *self.free_port.arguments, "--framing", "line",
                   "--max-message", "1000"]
        self.process = subprocess.Popen(
            trace.command(*command) if trace else command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self.log_file, env={**os.environ, **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.log_file.close()
        self.free_port.close()

    def listens(self):
        """Waits until it does; False if it has ended instead."""
        self.port = self.free_port.await_server(self.process)
        return self.port is not None

    def log(self):
        return os.pread(self.log_file.fileno(), 1 << 20, 0).decode(errors="replace")

    def descriptors(self):
        return set(map(int, os.listdir(f"/proc/{self.process.pid}/fd")))

    def resources(self):
        """How many descriptors and threads it has."""
        return len(self.descriptors()), len(os.listdir(f"/proc/{self.process.pid}/task"))

    def resources_at_rest(self):
        """The same, once it is the same for a while: the last of starting may still be under way."""
        seen = [self.resources()]

        def at_rest():
            seen.append(self.resources())
            return len(seen) > 3 and len(set(seen[-3:])) == 1

        wait_until(at_rest, "the server has come to rest")
        return seen[-1]

    def processor_time(self):
        """Seconds."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def is_possible(call):
    """Whether that call of the program could really fail."""
    if call.name == "epoll_ctl":
        return "EPOLL_CTL_ADD" in call.arguments  # the others take no memory
    if call.name == "mmap":
        return "MAP_ANONYMOUS" in call.arguments
    if call.name == "write":
        return not re.match(r'\d+, "\\[01]', call.arguments)  # which wakes another thread
    return True


class Sweep:
    """A test case that makes one call after the other fail in a program of ours."""

    program = ""
    arguments = []
    errors = tracing.ERRORS
    every = 1  # the sweep takes one fault of so many
    tries = 1  # runs, until the fault has happened

    @classmethod
    def setUpClass(cls):
        if reason := tracing.why_not():
            raise unittest.SkipTest(reason)
        binary = (program_directory() / cls.program).read_bytes()
        cls.sanitizer = "asan" if b"__asan_init" in binary else "tsan" if b"__tsan_init" in binary else None
        # The leak sanitizer cannot work where somebody traces already.
        cls.traced = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}

    def sweep(self, calls, of_program, torture):
        faults = tracing.faults_for(calls, of_program, self.every, self.errors)
        if self.sanitizer:
            left_out = sorted({fault.call for fault in faults} & tracing.OF_SANITIZERS)
            faults = [fault for fault in faults if fault.call not in tracing.OF_SANITIZERS]
            print(f"{self.id()}: not for {self.sanitizer}: {' '.join(left_out) or 'nothing'}", file=sys.stderr)
        self.assertGreater(len(faults), 5)
        hits = 0
        for fault in faults:
            with self.subTest(fault=" ".join(map(str, fault))):
                hits += any(torture(fault) > 0 for _ in range(self.tries))
        # Which thread is first may differ from run to run, and so the number of calls, but not much.
        self.assertGreater(hits, len(faults) * 3 // 4, "most faults never happened")
        print(f"{self.id()}: {hits} of {len(faults)} faults", file=sys.stderr)

    def check_said(self, fault, text):
        """In the last line there is what could not be done, and why."""
        if fault.call == "write" and not text: # of the line that would say so, too
            return
        last = text.splitlines()[-1]
        if fault.call in tracing.OF_MEMORY and last == f"{self.program}: out of memory":
            return
        # For want of memory there may be no thread.
        reason = "Resource temporarily unavailable" if fault.call in tracing.OF_MEMORY else tracing.text_of(fault.error)
        self.assertRegex(last, f"^{self.program}: cannot .+: {reason}(; .+)?$")
