"""Runs a program under strace, which makes its system calls fail; knows no servers.

strace counts calls for each thread by itself: `when=3` is the third call of every thread that makes three.
"""
import collections
import errno
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from processes import PATIENCE, wait_until

Fault = collections.namedtuple("Fault", "call number error")  # the number-th `call` of a thread fails with that error
Call = collections.namedtuple("Call", "thread name arguments")
CALL = re.compile(r"(\d+) +(\w+)\((.*)")  # of a line of strace's

# Calls whose failing is worth a try, each with what it may fail with here. What can only fail because of a mistake in
# the program (EBADF, EFAULT) is not among them, nor what the kernel would not do to these descriptors: say EAGAIN for
# a socket that has bytes. strace does not make a call that is to fail, so close() is not here: it would not close.
# Nor brk(): malloc() does without it, and by giving memory back, which cannot fail.
ERRORS = {
    "accept4": ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "EPERM", "EINTR"],
    "bind": ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL"],
    "clone3": ["EAGAIN"],
    "connect": ["ECONNREFUSED", "EADDRNOTAVAIL", "ETIMEDOUT"],
    "epoll_create1": ["EMFILE", "ENFILE", "ENOMEM"],
    "epoll_ctl": ["ENOSPC", "ENOMEM"],
    "epoll_pwait2": ["EINTR"],
    "epoll_wait": ["EINTR"],
    "eventfd2": ["EMFILE", "ENFILE", "ENOMEM"],
    "getsockname": ["ENOBUFS"],
    "listen": ["EADDRINUSE"],
    "mmap": ["ENOMEM"],
    "mprotect": ["ENOMEM"],
    "openat": ["EMFILE", "ENFILE", "EACCES"],
    "pipe2": ["EMFILE", "ENFILE"],
    "poll": ["EINTR", "ENOMEM"],
    "prlimit64": ["EPERM"],
    "recvfrom": ["ECONNRESET", "ETIMEDOUT", "ENOMEM", "EINTR"],
    "rename": ["EACCES", "ENOSPC"],
    "sendmsg": ["ENOBUFS", "ECONNRESET", "EPIPE", "ENOMEM", "EINTR"],
    "sendto": ["ENOBUFS", "ECONNRESET", "EPIPE", "ENOMEM", "EINTR"],
    "setsockopt": ["ENOBUFS", "EINVAL"],
    "shutdown": ["ENOTCONN"],
    "socket": ["EMFILE", "ENFILE", "ENOBUFS", "EACCES"],
    "timerfd_create": ["EMFILE", "ENFILE", "ENOMEM"],
    "write": ["EIO", "ENOSPC", "EINTR"],
}

OF_MEMORY = {"mmap", "mprotect"}

# What a sweep of some faults does not leave out: each place where a call is to be made again, and each where a reply is
# to wait until it can leave.
ALWAYS = {("sendto", "ENOBUFS"), ("sendmsg", "ENOBUFS"), *((call, "EINTR") for call in ERRORS)}

# What a sanitizer calls itself: it ends the program when it gets no memory, and finds out by writing to a pipe what can
# be read.
OF_SANITIZERS = {*OF_MEMORY, "pipe2", "write"}


def text_of(error):
    return os.strerror(getattr(errno, error))


def tracer_of(process):
    """The id of the strace that holds all threads of a process; 0 if not all are held by one."""
    try:
        texts = [task.read_text() for task in pathlib.Path(f"/proc/{process}/task").glob("*/status")]
    except OSError:
        return 0
    tracers = {int(re.search(r"TracerPid:\t(\d+)", text)[1]) for text in texts}
    return tracers.pop() if len(tracers) == 1 else 0


class Trace:
    """What strace writes, and the options that make it do so."""

    def __init__(self, fault=None, calls=ERRORS, options=()):
        self.fault = fault
        self.file = tempfile.NamedTemporaryFile()
        self.options = ["-f", "-qq", "-o", self.file.name, "-e", "trace=fcntl," + ",".join(calls), "-e", "signal=none",
                        *options]
        if fault:
            self.options += ["-e", f"inject={fault.call}:error={fault.error}:when={fault.number}"]

    def command(self, *command):
        """The program's process is strace's parent, and so a child of the caller like any other."""
        return ["strace", "-D", "-I", "2", *self.options, *command]

    def attach(self, process):
        self.tracer = subprocess.Popen(
            ["strace", *self.options, "-p", str(process)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: tracer_of(process) == self.tracer.pid or self.tracer.poll() is not None, "strace attaches")
        if self.tracer.poll() is not None:
            raise OSError(self.tracer.stderr.read().decode(errors="replace"))

    def detach(self):
        """From an attached process, which goes on untraced; or the end of it is the end of strace."""
        self.tracer.send_signal(signal.SIGTERM)
        self.tracer.wait(PATIENCE)
        self.tracer.stderr.close()

    def lines(self):
        return pathlib.Path(self.file.name).read_text(errors="replace").splitlines()

    def calls(self):
        found = map(CALL.match, self.lines())
        return [Call(*match.groups()) for match in found if match]

    def results(self, name):
        """Those above 0 of a call that returns the id of a process."""
        pattern = rf"\d+ +(?:{name}\(|<\.\.\. {name} resumed>).* = ([1-9]\d*)$"
        found = (re.match(pattern, line) for line in self.lines())
        return [match[1] for match in found if match]

    def failed_calls(self):
        """Those that the fault has hit."""
        begun = {}
        failed = []
        for line in self.lines():
            thread = line.partition(" ")[0]
            # Other threads' lines may come between a call's beginning and its end.
            if match := CALL.match(line):
                begun[thread] = Call(*match.groups())
            if "(INJECTED)" in line:
                failed.append(begun[thread])
        return failed

    def hits(self):
        return len(self.failed_calls())

    def has_hit(self, descriptor):
        """Whether a call failed that began with this descriptor. Once it has, the number may be another connection's."""
        return any(re.match(rf"{descriptor}\b", call.arguments) for call in self.failed_calls())


def release(process):
    """Ends the tracing of what Trace.command() has started."""
    if tracer := tracer_of(process):
        os.kill(tracer, signal.SIGTERM)
        wait_until(lambda: tracer_of(process) == 0, "strace detaches")


def faults_for(calls, of_program, every=1, errors_of=ERRORS):
    """One Fault after the other for the calls of a trace that went well: each number of each call at least once, and
    each error of it at least once. `every`: takes one of so many only, and what is in ALWAYS. `of_program` tells which
    calls count: a number that is also that of a call which does not is left out."""
    numbers = collections.defaultdict(lambda: collections.defaultdict(list))
    counts = collections.Counter()
    for index, call in enumerate(calls):
        counts[call.thread, call.name] += 1
        numbers[call.name][counts[call.thread, call.name]].append(of_program(index, call))
    result = []
    for name, errors in errors_of.items():
        possible = [number for number, count in sorted(numbers[name].items()) if all(count)]
        if not possible:
            continue
        for i in range(max(len(possible), len(errors))):
            result.append(Fault(name, possible[i % len(possible)], errors[i % len(errors)]))
    return [fault for i, fault in enumerate(result) if i % every == 0 or (fault.call, fault.error) in ALWAYS]


def why_not():
    """Why nothing can be traced here; None if it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    sleeper = subprocess.Popen(["sleep", "60"])
    trace = Trace()
    try:
        trace.attach(sleeper.pid)
        trace.detach()
    except OSError as error:
        return f"strace is not permitted: {error}"
    finally:
        sleeper.kill()
        sleeper.wait()
    return None
