"""A crowd: more connections than one process may have, on one machine. Servers share a port, loads have addresses of
their own, and each client sends a message now and then."""
import contextlib
import math
import pathlib
import resource

import table
from processes import Failure, Load, Server

PERIOD = 5  # seconds between two messages of a connection
WINDOW = 30  # seconds that are measured, when all are there
RAMP_RATE = 4_000  # connections a second
SETTLING = 10  # seconds after the ramp: a lost SYN is retransmitted after 1, 3 and 7 s
SPARE = 200  # descriptors of a process that are not for connections
UNEVEN = 1.05  # the kernel spreads connections over the servers by chance: one may get so many times its share


def number_in(path, which=0):
    try:
        return int(pathlib.Path("/proc/sys", path).read_text().split()[which])
    except OSError:
        return None  # this kernel has no such limit


def addresses_for(clients):
    """How many addresses so many clients should come from. Linux looks for a free port among the even ones first: when
    these are gone, each connect() looks at all of them in vain, and takes milliseconds for that."""
    first, last = (number_in("net/ipv4/ip_local_port_range", which) for which in (0, 1))
    return math.ceil(clients / max(1, (last - first) * 3 // 8))


def obstacles(connections, clients):
    """What this machine has too little of, in words, for so many connections, and clients of one load."""
    if addresses_for(clients) > 250:
        yield "net.ipv4.ip_local_port_range has next to no ports"
    free = number_in("fs/file-max") - number_in("fs/file-nr")
    if free < 2 * connections:
        yield f"fs.file-max leaves {free} files, and {2 * connections} are needed"
    most, tracked = (number_in(f"net/netfilter/nf_conntrack_{name}") for name in ("max", "count"))
    if tracked and most < tracked + connections:  # 0: no rule wants that they are tracked
        yield f"net.netfilter.nf_conntrack_max leaves {most - tracked} connections"
    if number_in("net/core/somaxconn") < 1024:
        yield f"net.core.somaxconn is {number_in('net/core/somaxconn')}: a full backlog costs a second"
    available = meminfo("MemAvailable")
    if available < connections * 16 * 1024:  # some 10 KiB of them are the kernel's, for both ends
        yield f"{table.size(available)} of memory are free, and it takes some 16 KiB for a connection"


def meminfo(name):
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise Failure(f"/proc/meminfo has no {name}")


class Crowd:
    def __init__(self, bench, connections, stack):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE
        self.bench = bench
        self.connections = connections
        self.count = max(2, math.ceil(connections * UNEVEN / limit))
        for what in obstacles(connections, math.ceil(connections / self.count)):
            raise Failure(what)
        self.stack = stack
        self.servers = []
        self.loads = []
        self.start_servers()
        self.slab_before = meminfo("Slab")
        self.memory_before = sum(server.memory() for server in self.servers)
        self.ramp = math.ceil(connections / RAMP_RATE)
        self.start_loads()

    def start_servers(self):
        port = 0
        for _ in range(self.count):
            command = self.bench.ours("epoll", "--reuse-port", "--idle-timeout", "5m")
            command[command.index("127.0.0.1:0")] = f"127.0.0.1:{port}"
            self.servers.append(self.stack.enter_context(Server(command, self.bench.cpus.servers)))
            port = self.servers[0].port
        self.port = port

    def start_loads(self):
        for number in range(self.count):
            clients = len(range(number, self.connections, self.count))
            net = f"127.1.{number}."
            words = [self.bench.programs / "revecho-stress", f"127.0.0.1:{self.port}", "--json", "-", "--quiet",
                     "--clients", clients, "--rate", clients / PERIOD, "--timeout", f"{PERIOD}s",
                     "--source", f"{net}1-{net}{addresses_for(clients)}", "--ramp", f"{self.ramp}s",
                     "--warmup", f"{SETTLING}s", "--duration", f"{WINDOW + 3}s"]
            self.loads.append(self.stack.enter_context(
                Load(lambda csv, words=words: [*words, "--csv", csv], self.bench.cpus.loads)))

    def next_second(self):
        """What all loads counted in their next second."""
        parts = [load.next_second() for load in self.loads]
        if None in parts:
            raise self.loads[parts.index(None)].failed("ended early")
        passed = {name: int(sum(part[name] for part in parts)) for name in ("connected", "verified", "errors")}
        self.bench.progress("crowd: {connected} connected, {verified} verified/s, {errors} errors/s".format(**passed))
        return passed

    def cpu(self):
        return [sum(process.cpu() for process in group) for group in (self.servers, self.loads)]

    def run(self):
        """Returns the lines of the report, and whether all was right."""
        seconds = [self.next_second() for _ in range(self.ramp)]
        while seconds[-1]["connected"] < self.connections and len(seconds) < self.ramp + SETTLING:
            seconds.append(self.next_second())
        cpu = self.cpu()
        window = [self.next_second() for _ in range(WINDOW)]
        cpu = [(after - before) / WINDOW for before, after in zip(cpu, self.cpu())]  # of each group
        kernel = meminfo("Slab") - self.slab_before
        memory = sum(server.memory() for server in self.servers) - self.memory_before
        sockets = pathlib.Path("/proc/net/sockstat").read_text().splitlines()[1].split()
        levels = [load.outcome() for load in self.loads]
        if None in levels:
            raise self.loads[levels.index(None)].failed("no result")
        return self.report(levels, window, cpu, memory, kernel, sockets)

    def report(self, levels, window, cpu, memory, kernel, sockets):
        counts = {name: sum(level[name] for level in levels)
                  for name in ("verified", "lost", "late", "connect_failed", "closed_early")}
        counts["wrong"] = sum(sum(level["wrong"].values()) for level in levels)
        missed = sum(level["generator"]["missed_sends"] for level in levels)
        fewest = min(passed["connected"] for passed in window)
        rate = sum(passed["verified"] for passed in window) / WINDOW
        worst = {name: max(level["latency_us"]["response"][name] for level in levels) / 1e6
                 for name in ("p50", "p99", "max")}
        self.good = fewest == self.connections and not missed and all(level["ok"] for level in levels)
        yield "connected", f"{fewest} of {self.connections}, to {self.count} servers on one port, for {WINDOW} s"
        yield "messages", (f"one every {PERIOD} s of each: {table.rate(rate)}; in all {counts['verified']} verified, "
                           f"{counts['wrong']} wrong, {counts['lost']} lost, {counts['late']} late by {PERIOD} s, "
                           f"{missed} not sent, {counts['connect_failed']} clients not connected, "
                           f"{counts['closed_early']} cut off")
        yield "response", ", ".join(f"{name} {table.seconds(value)}" for name, value in worst.items()) + \
            f" (of the slowest of {self.count} loads)"
        if not self.good:  # what a part of them took says nothing
            yield "verdict", "NOT everybody was served in time"
            return
        yield "CPU", (f"servers {table.percent(cpu[0])} of a processor, {table.seconds(cpu[0] / rate)} for a message; "
                      f"loads {table.percent(cpu[1])}")
        user, kernel = (table.size(taken / self.connections) for taken in (memory, kernel))
        yield "memory", (f"for a connection {user} of the servers, and {kernel} of the kernel for both its ends; "
                         f"TCP sockets: {' '.join(sockets[1:])}")
        yield "verdict", "every reply verified, none late"


def run(bench, connections):
    """Prints what became of a crowd; returns whether all was right."""
    print(f"A crowd of {connections} connections")
    try:
        with contextlib.ExitStack() as stack:
            crowd = Crowd(bench, connections, stack)
            for title, text in crowd.run():
                print(f"  {title:10} {text}")
            return crowd.good
    except (Failure, OSError) as error:
        print(f"  FAILED: {error}")
        return False
