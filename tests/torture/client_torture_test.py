"""Fails the system calls of the clients and of the load tool in turn, one in each run.

What must hold after each: it ends with 0 and all replies, or with 1 and a word on stderr on what failed; never by a
signal, and never does it take for a reply what has not come. Called by ctest; by hand:
    cd tests/torture && REVECHO_PROGRAMS=$PWD/../../build/release python3 -B client_torture_test.py -v Stress
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import tracing
from processes import PATIENCE, program_directory
from servers import Server, Sweep, is_possible


class ClientTorture(Sweep):
    endpoint = "{}"  # of the port, as the last argument

    def test_each_call_fails(self):
        with Server("revecho-async-server", []) as server:
            self.assertTrue(server.listens(), server.log())
            self.to = [self.endpoint.format(server.port)]
            self.sweep_run()
            self.assertEqual(server.end(), 0, server.log())

    def sweep_run(self):
        trace, end = self.run_undisturbed(None)
        self.assertEqual(end.returncode, 0, end.stderr)
        self.check_complete(end)
        calls = trace.calls()
        first = next(i for i, call in enumerate(calls) if re.match("0(<.*?>)?, F_GETFD", call.arguments))
        self.sweep(calls, lambda i, call: i > first and self.is_swept(call), self.fail_once)

    def trace(self, fault=None):
        return tracing.Trace(fault)

    def is_swept(self, call):
        return is_possible(call)

    def run_traced(self, trace):
        command = trace.command(program_directory() / self.program, *self.arguments, *self.to)
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                              env={**os.environ, **self.traced}, text=True)

    def run_undisturbed(self, fault):
        """Once more, a few times, if other programs have shown in the run."""
        for _ in range(self.tries_undisturbed):
            trace = self.trace(fault)
            end = self.run_traced(trace)
            if not self.is_disturbed(end):
                break
        return trace, end

    tries_undisturbed = 5

    def is_disturbed(self, end):
        return False

    def fail_once(self, fault):
        trace, end = self.run_undisturbed(fault)
        if not all(map(self.is_swept, trace.failed_calls())):
            return 0  # the number was another call's in this run, of which none can really fail like that
        self.assertIn(end.returncode, (0, 1), end.stderr)
        if end.returncode == 0:
            self.check_complete(end)
        elif fault.call == "write" and fault.error != "EINTR":
            pass  # it is stdout or stderr that cannot be written
        else:
            self.assertNotEqual(fault.error, "EINTR", end.stderr)
            self.check_partial(end)
            self.check_reason(fault, end.stderr)
        return trace.hits()

    def check_reason(self, fault, text):
        if tracing.text_of(fault.error) not in text and "no free port" not in text:
            self.check_said(fault, text)


class Asking(ClientTorture):
    arguments = ["--framing", "line", "--timeout", "5s", "one", "two", "three", "--to"]

    def check_complete(self, end):
        self.assertEqual(end.stdout, "eno\nowt\neerht\n")

    def check_partial(self, end):
        lines = end.stdout.splitlines()
        self.assertLess(len(lines), 3)
        self.assertEqual(lines, [line for line in ("eno", "owt", "eerht") if line in lines])


class SyncClient(Asking, unittest.TestCase):
    program = "revecho-sync-client"


class AsyncClient(Asking, unittest.TestCase):
    program = "revecho-async-client"


class Stress(ClientTorture, unittest.TestCase):
    program = "revecho-stress"
    settings = ["--framing", "line", "--timeout", "5s", "--json", "-"]
    arguments = [*settings, "--threads", "2", "--clients", "2", "--messages", "3", "--session", "2"]

    def check_complete(self, end):
        level = json.loads(end.stdout)["levels"][0]
        self.assertEqual((level["verified"], level["lost"], level["late"]), (6, 0, 0))

    def check_partial(self, end):
        if end.stdout:
            self.assertFalse(json.loads(end.stdout)["ok"])


class StressOpenLoop(Stress):
    """Which sends when it is time to, and not when a reply has come."""
    arguments = [*Stress.arguments, "--rate", "200"]


class StressOneThread(Stress):
    """The calls that are not for two."""
    arguments = [*Stress.settings, "--threads", "1", "--clients", "6", "--messages", "1"]
    errors = {"epoll_ctl": tracing.ERRORS["epoll_ctl"]}
    tries = 5

    def is_swept(self, call):
        return is_possible(call)


# Files about the machine that revecho-stress reads, too, in the same way.
OF_MACHINE = re.compile('["<]/(sys|proc/(sys|self|thread-self|cpuinfo|meminfo|loadavg|net))\\b')


class Compare(ClientTorture, unittest.TestCase):
    """With a server that is running already. What it reads about the machine is in the sweep of Stress."""

    def is_swept(self, call):
        return super().is_swept(call) and not OF_MACHINE.search(call.arguments)

    def is_disturbed(self, end):
        # Its runs are short: nobody may be answered in one, and a repeated run has calls of its own.
        if "nobody was answered in " in end.stderr:
            return True
        return end.stdout and json.loads(end.stdout)["config"]["repeated_runs"] > 0

    program = "revecho-compare"
    arguments = ["--framing", "line", "--clients", "2", "--duration", "100ms", "--rate", "200", "--repeat", "1",
                 "--json", "-", "--against"]
    endpoint = "ours={}"

    def check_complete(self, end):
        document = json.loads(end.stdout)
        run, = document["scenarios"][0]["results"][0]["runs"]
        self.assertTrue(document["ok"])
        self.assertEqual((run["wrong"], run["lost"], run["late"]), (0, 0, 0))

    def check_partial(self, end):
        if end.stdout:
            self.assertFalse(json.loads(end.stdout)["ok"])

    def check_said(self, fault, text):
        # What costs a run only is said of that run.
        super().check_said(fault, re.sub("^ours under .+?, framing line.*?: ", f"{self.program}: ", text, flags=re.M))


class CompareOwnServer(Compare):
    """What it does to start and to stop a server of its own. What else it does is the sweep of Compare."""
    arguments = ["--models", "async", "--clients", "2", "--delay", "0", "--duration", "100ms", "--rate", "200",
                 "--repeat", "1", "--json", "-"]
    to = []
    # Not those that cannot fail here: say wait4 or kill, of a child that nobody else waits for.
    errors = {
        "clone": ["EAGAIN", "ENOMEM"],
        "clone3": tracing.ERRORS["clone3"],
        "mkdir": ["EACCES", "ENOSPC"],
        "openat": tracing.ERRORS["openat"],
        "pipe2": tracing.ERRORS["pipe2"],
        "read": ["EINTR"],
        "readlink": ["ENOENT"],  # without /proc
        "sched_getaffinity": ["EINVAL"],
        "sched_setaffinity": ["EINVAL"],
    }

    def test_each_call_fails(self):
        self.sweep_run()

    def test_the_child_cannot_become_the_server(self):
        # The numbers of the child's calls are also those of calls before main(), which have other paths.
        for number in (1, 2):
            for error in self.errors["openat"]:
                fault = tracing.Fault("openat", number, error)
                with self.subTest(fault=" ".join(map(str, fault))):
                    trace = tracing.Trace(fault, self.errors, ["-b", "execve", "-P", os.devnull])
                    end = self.run_traced(trace)
                    self.assertEqual((end.returncode, trace.hits()), (1, 1), end.stderr)
                    self.check_partial(end)
                    self.check_reason(fault, end.stderr)

    def trace(self, fault=None):
        # The server is not traced: strace leaves the child when it becomes that. -y: with the names of files.
        return tracing.Trace(fault, [*self.errors, "wait4"], ["-b", "execve", "-y"])

    def run_traced(self, trace):
        with tempfile.TemporaryDirectory() as folder:
            self.traced = {**type(self).traced, "TMPDIR": folder}
            end = super().run_traced(trace)
            self.assertEqual([command for command in commands() if folder in command], [])
            self.assertEqual(trace.results("clone"), trace.results("wait4"))  # each child was waited for
            if trace.fault is None or trace.fault.call != "openat":  # without which it cannot look into the folder
                self.assertEqual(os.listdir(folder), [])
        return end

    def check_complete(self, end):
        super().check_complete(end)
        run, = json.loads(end.stdout)["scenarios"][0]["results"][0]["runs"]
        self.assertGreater(run["peak_memory_bytes"], 0)
        self.assertEqual(end.stderr, "")

    def check_reason(self, fault, text):
        reason = tracing.text_of(fault.error)
        self.assertRegex(text, rf"(?m)^(revecho-compare|async\(1\) under .+?): cannot .+: {reason}$")


def commands():
    """Of all processes."""
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().decode(errors="replace")
        except OSError:  # it has ended
            pass


if __name__ == "__main__":
    unittest.main()
