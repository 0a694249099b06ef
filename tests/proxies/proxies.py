"""What the tests of this folder share: proxies that are not ours, on ports of their own, and a load through them.

The environment variable REVECHO_PROGRAMS names the directory of the built programs. To run one subject by hand:
    cd tests/proxies && REVECHO_PROGRAMS=$PWD/../../build/release python3 -B -m unittest -v matrix
"""
import collections
import contextlib
import datetime
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
from processes import PATIENCE, Process, Server, program_directory, run, wait_until

# Daemons are in directories that are not in every user's PATH.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
TOLERANCE = 0.4  # seconds that a busy machine may put between an event and what somebody notices of it


def program(name):
    return shutil.which(name, path=PATH)


def needs(name):
    """Skips a test class on machines without this program."""
    return unittest.skipUnless(program(name), f"{name} is not installed")


class ReservedPort:
    """A free port of 127.0.0.1 for a program that cannot pick one. It is bound, so that nobody else is given it, but it
    does not listen, so that one that sets SO_REUSEADDR, as servers do, can bind it, too, again and again."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


def kill_all(process):
    """Kills all processes of a Process, which can be started again. Returns once they are gone."""
    os.killpg(process.process.pid, signal.SIGKILL)
    process.process.wait(PATIENCE)


class CountingServer(Server):
    """One of our servers, and what it has counted since it was started last."""

    def __init__(self, *arguments, program="revecho-epoll-server"):
        self.reserved = ReservedPort()
        super().__init__(program, "--stats", "100ms", "--log-format", "json", *arguments, port=self.reserved.number)

    def counts(self):
        """Its counters by their names: as they were 100 ms ago at most, or at its end."""
        log = self.log().rpartition("listening on")[2]
        lines = [line for line in log.splitlines() if '"messages":' in line and line.endswith("}")]
        return json.loads(lines[-1]) if lines else collections.Counter()

    def await_messages(self, more=100):
        """Waits until it has answered so many more than by now."""
        before = self.counts()["messages"]
        self.await_counts(lambda counts: counts["messages"] >= before + more)

    def await_counts(self, condition):
        """Waits until they are as they should be, and returns them."""
        return wait_until(lambda: condition(counts := self.counts()) and counts, "the server has counted enough")

    def await_served(self, connections):
        """Waits until so many connections have ended, and returns the counts."""
        return self.await_counts(lambda counts: counts["served"] >= connections)

    def await_quiet(self):
        """Waits until no connection is open after all there were, and returns the counts."""
        return self.await_counts(lambda counts: counts["accepted"] > 0 and counts["open"] == 0)

    def stop(self):
        """Ends it, and returns its last counts."""
        self.process.terminate()
        self.process.wait(PATIENCE)
        return self.counts()

    def kill(self):
        super().kill()
        self.reserved.close()


class Proxy(Process):
    """A proxy on a port of its own, with a directory for its files."""

    def __init__(self, *command):
        self.reserved = ReservedPort()
        self.port = self.reserved.number
        self.temporary = tempfile.TemporaryDirectory(prefix="revecho-")
        self.directory = pathlib.Path(self.temporary.name)
        super().__init__(*command)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def kill(self):
        super().kill()
        self.reserved.close()
        self.temporary.cleanup()

    def await_log(self, pattern, count=1):
        """Waits for so many lines, and returns what the pattern found."""
        return wait_until(lambda: len(found := re.findall(pattern, self.log(), re.M)) >= count and found, pattern)


class Haproxy(Proxy):
    """haproxy between its port and servers. `lines` are added to the section that has them all, `binding` to its port,
    `options` to each server, `settings` to the global ones."""

    def __init__(self, *servers, lines=(), binding="", options=(), settings=()):
        super().__init__()
        self.config = f"""
global
    log stderr format raw local0
    stats socket {self.directory}/stats level admin expose-fd listeners
{indented(settings)}
defaults
    mode tcp
    log global
    option tcplog
    timeout connect {PATIENCE}s
    timeout client {PATIENCE}s
    timeout server {PATIENCE}s
    timeout check {PATIENCE}s
listen path
    bind 127.0.0.1:{self.port} {binding}
{indented(lines)}
{indented(f"server s{i} 127.0.0.1:{server.port} {' '.join(options)}" for i, server in enumerate(servers, 1))}
"""
        self.command = [program("haproxy"), "-db", "-f", str(self.write("haproxy.cfg", self.config))]
        self.predecessors = []

    def wait_until_ready(self):
        def is_in_charge():
            if self.process.poll() is not None:
                raise AssertionError(f"haproxy ended: {self.log()}")
            return f"Pid: {self.process.pid}\n" in self.tell("show info")

        wait_until(is_in_charge, "haproxy listens")

    def tell(self, command):
        """The answer of its runtime API; nothing while there is none."""
        with socket.socket(socket.AF_UNIX) as api, contextlib.suppress(OSError):
            api.settimeout(PATIENCE)
            api.connect(str(self.directory / "stats"))
            api.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: api.recv(65536), b"")).decode()
        return ""

    def statistic(self, name, server):
        """A figure of the server s1, s2..., or of all of them: BACKEND."""
        rows = [line.split(",") for line in self.tell("show stat").splitlines()]
        return next(row[rows[0].index(name)] for row in rows if row[:2] == ["path", server])

    def connections_at(self, server):
        """How many are open."""
        return int(self.statistic("scur", server))

    def reload(self):
        """As `haproxy -x SOCKET -sf PID` does: a new process takes over the listening sockets, and the old one ends
        with its last connection. Returns the old one, once the new one is in charge."""
        old = self.process
        self.predecessors.append(old)
        self.process = subprocess.Popen(
            [*self.command, "-x", str(self.directory / "stats"), "-sf", str(old.pid)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.log_file, start_new_session=True)
        self.wait_until_ready()
        return old

    def kill(self):
        for old in self.predecessors:
            old.kill()
            old.wait(PATIENCE)
        super().kill()

    def ends(self):
        """How connections ended: a list of haproxy's two letters, "--" if nothing was unusual."""
        return re.findall(r"^[\d.]+:\d+ \[.*?\] path path/\S+ \S+ \d+ (..) ", self.log(), re.M)


class Nginx(Proxy):
    """nginx with its stream module between its port and servers. `lines` are added to the section `server`, `listening`
    to its port, `main` to the global ones."""

    # Built in, if it is no file.
    MODULE = next(iter(glob.glob("/usr/lib*/nginx/modules/ngx_stream_module.so")), None)

    def __init__(self, *servers, lines=(), listening="", main=()):
        super().__init__()
        self.config = f"""
{f"load_module {self.MODULE};" if self.MODULE else ""}
daemon off;
worker_processes 1;
pid {self.directory}/pid;
error_log stderr info;
{indented(main)}
events {{ worker_connections 1024; }}
stream {{
    log_format path '$remote_addr:$remote_port $status $upstream_addr $bytes_received $bytes_sent';
    access_log {self.directory}/access.log path;
    upstream servers {{
{indented(f"server 127.0.0.1:{server.port};" for server in servers)}
    }}
    server {{
        listen 127.0.0.1:{self.port} {listening};
        proxy_pass servers;
{indented(lines)}
    }}
}}
"""
        config = self.write("nginx.conf", self.config)
        self.command = [program("nginx"), "-e", "stderr", "-p", str(self.directory), "-c", str(config)]

    def wait_until_ready(self):
        def listens():
            if self.process.poll() is not None:
                raise AssertionError(f"nginx ended: {self.log()}")
            pid = self.directory / "pid"
            return pid.exists() and pid.read_text() == f"{self.process.pid}\n"

        wait_until(listens, "nginx listens")

    def reload(self):
        """Reads its configuration again, with a new worker process. Returns the number of the old one, which ends with
        its last connection, once the new one serves."""
        workers = self.await_log(r"start worker process (\d+)")
        self.process.send_signal(signal.SIGHUP)
        self.await_log(r"start worker process \d+", len(workers) + 1)
        self.await_log(rf" {workers[-1]}#\d+: gracefully shutting down")
        return workers[-1]

    def access_log(self):
        """A line for each connection that has ended."""
        return (self.directory / "access.log").read_text().splitlines()


def nginx_is_complete():
    if not program("nginx"):
        return False
    built = subprocess.run([program("nginx"), "-V"], capture_output=True, text=True, timeout=PATIENCE).stderr
    return Nginx.MODULE or "--with-stream " in built


needs_nginx = unittest.skipUnless(nginx_is_complete(), "nginx or its stream module is not installed")


class Socat(Proxy):
    """socat with a process for each connection to a server. `timeout`: for how many seconds after the end of one
    direction it lets the other one live."""

    def __init__(self, server, timeout=PATIENCE):
        super().__init__()
        self.command = [program("socat"), "-d", "-d", f"-t{timeout}",
                        f"TCP-LISTEN:{self.port},bind=127.0.0.1,reuseaddr,backlog=100,fork", f"TCP:127.0.0.1:{server.port}"]

    def wait_until_ready(self):
        self.await_log(r"listening on ")


class Stunnel(Proxy):
    """stunnel on the way to a port, with TLS on one of its sides: as its client it encrypts, else it decrypts."""

    def __init__(self, port, is_client):
        super().__init__()
        secrets = self.write("secrets", "path:" + 32 * "0a" + "\n")
        secrets.chmod(0o600)
        config = f"""
foreground = yes
pid =
debug = info
syslog = no
[path]
client = {"yes" if is_client else "no"}
ciphers = PSK
PSKsecrets = {secrets}
accept = 127.0.0.1:{self.port}
connect = 127.0.0.1:{port}
"""
        self.command = [program("stunnel"), str(self.write("stunnel.conf", config))]

    def wait_until_ready(self):
        self.await_log(r"(?s)bound to 127\.0\.0\.1:\d+.*Accepting new connections|bound to")


def indented(lines):
    return "\n".join("    " + line for line in lines)


class Load(Process):
    """revecho-stress in the background."""

    def __init__(self, port, *options):
        self.temporary = tempfile.TemporaryDirectory(prefix="revecho-")
        self.results = pathlib.Path(self.temporary.name) / "results.json"
        super().__init__(program_directory() / "revecho-stress", f"127.0.0.1:{port}", *options, "--json", self.results)

    def kill(self):
        super().kill()
        self.temporary.cleanup()

    def finish(self):
        """Interrupts it, and returns the results so far."""
        self.process.terminate()
        return self.result()

    def result(self):
        """Waits for its end, and returns the results of its only level."""
        self.process.wait(2 * PATIENCE)
        if not self.results.exists():
            raise AssertionError(f"no results: {self.log()}")
        return Result(json.loads(self.results.read_text())["levels"][0], self.log(), self.process.returncode)


class Result:
    """What revecho-stress says: its figures are attributes, its text is that of its remarks."""

    def __init__(self, level, text, returncode):
        self.__dict__.update(level)
        self.text = text
        self.returncode = returncode

    def __str__(self):
        return f"exit code {self.returncode}\n{self.text}\n{json.dumps(self.__dict__, indent=1)}"

    def wrong_total(self):
        return sum(self.wrong.values())

    def outage_times(self):
        """(begin, end) of each outage, on the clock of time.time()."""
        started = datetime.datetime.fromisoformat(self.started.replace("Z", "+00:00")).timestamp()
        return [(started + o["start_s"], started + o["start_s"] + o["duration_s"]) for o in self.outages]


class TestCase(unittest.TestCase):
    def check_flawless(self, result, answered=None):
        """Everything was right, and nobody had to connect again. `answered`: messages, as the servers have counted them;
        when the load is interrupted, some of the replies are still under way."""
        self.assertEqual((result.wrong_total(), result.lost, result.late, result.connect_failed, result.closed_early,
                          result.closed_idle, result.reconnects), 7 * (0,), result)
        if answered is not None:
            self.assertLessEqual(result.verified, answered)
            self.assertLessEqual(answered, result.verified + result.clients)
