"""The rows of the table: what is compared in each, under which load, and what its target is. Where nothing else is
said, messages are raw, and of 64 bytes."""
import re
import shutil
import statistics
import tempfile
import xml.etree.ElementTree

import processes
from bench import Skipped, need_descriptors
from processes import Failure, Process
from table import Gap, Line, Target, count, percent, rate, seconds, size, speed

MANY = 15_000  # connections
FEW = 1_000    # that memory grows from
SOURCES = ("--source", "127.0.0.1-127.0.0.8")  # each has 28,000 ports, but from half of that on connecting is slow
ENGINES = ("async", "epoll")  # that serve all connections from event loops
CALLS = (20, 220)  # messages of each connection under callgrind: their difference is what messages cost


def busy(*sides):
    share = statistics.median(w.cpu / w.seconds for side in sides for w in side)
    return f"server {100 * share:.0f} % busy"


def cpu_line(row, what, windows, target):
    ours, theirs = ([w.cpu / w.messages for w in side] for side in windows)
    return Line(row, what, seconds, ours, theirs, target, busy(*windows))


def rate_lines(row, what, windows, target):
    """By the clock, which tells about the load if the server is not busy; and by the time that the server takes."""
    by_clock = [[w.messages / w.seconds for w in side] for side in windows]
    by_cpu = [[w.messages / w.cpu for w in side] for side in windows]
    yield Line(row, what, rate, *by_clock, target, busy(*windows))
    yield Line(row, what + ", by server CPU", rate, *by_cpu, target)


# --- CPU time --------------------------------------------------------------------------------------------------------

def loop_cpu(bench, engine, targets):
    for clients, most in zip((50, 1_000, 10_000), targets):
        need_descriptors(clients)
        what = f"{engine}, {clients} connections: CPU per message / epoll_server"
        contestants = [bench.ours(engine), bench.floor("epoll_server")]
        windows = bench.windows(what, contestants, "--clients", clients, *SOURCES)
        yield cpu_line(engine, what, windows, Target("<=", most))


def async_cpu(bench):
    yield from loop_cpu(bench, "async", (1.06, 1.12, 1.10))


def epoll_cpu(bench):
    yield from loop_cpu(bench, "epoll", (1.05, 1.08, 1.05))


def sync_cpu(bench):
    for clients in (50, 1_000):
        what = f"sync threads, {clients} connections: CPU per message / threads_server"
        windows = bench.windows(what, [bench.ours("sync"), bench.floor("threads_server")], "--clients", clients)
        yield cpu_line("sync", what, windows, Target("<=", 1.05))


def framing_cpu(bench):
    framings = ("raw", "line", "length")
    for twin, clients in (("async", 50), ("async", 1_000), ("epoll", 50), ("epoll", 1_000), ("sync", 50), ("sync", 1_000)):
        def measure(framing):
            options = ("--framing", framing)
            return bench.window(bench.ours(twin, *options), *options, "--clients", clients)
        raw, *others = bench.take_turns(f"{twin} framings, {clients} connections", framings, measure)
        for framing, windows in zip(framings[1:], others):
            yield cpu_line("framing", f"{twin}, {clients} connections, {framing}: CPU per message / raw",
                           [windows, raw], Target("<=", 1.03))


# --- throughput ------------------------------------------------------------------------------------------------------

def mirrored(bench, what, contestants, *options):
    def measure(command):
        with bench.server(command) as server, bench.mirror(server, *options) as load:
            return processes.measure(server, load, bench.seconds)
    return bench.take_turns(what, contestants, measure)


def pipeline(bench):
    contestants = [bench.ours("epoll", "--framing", "line"), bench.floor("epoll_server", "line")]
    for command in contestants:
        bench.check(command, "--framing", "line", "--clients", 4, "--size", 16, "--pipeline", 1024)
    what = "epoll, line 16 B, 4 connections, 1024 deep: messages / epoll_server"
    yield from rate_lines("pipeline", what, mirrored(bench, what, contestants, "line", 4, 16, 1024), Target(">=", 1.5))


def large(bench):
    framing = ("--framing", "length")
    contestants = [bench.ours("epoll", *framing),
                   bench.ours("epoll", *framing, program="bench/epoll_server_without_reversal")]
    for name, length in (("128 KiB", 128 << 10), ("1 MiB", 1 << 20)):
        options = (*framing, "--clients", 4, "--size", length)
        bench.check(contestants[0], *options)
        if not bench.fails(contestants[1], *options):
            raise Failure("the server without reversal reverses")
        what = f"epoll, length {name}, 4 connections: messages / without reversal"
        yield from rate_lines("large", what, mirrored(bench, what, contestants, "length", 4, length, 1),
                              Target(">=", 0.97))


def churn(bench):
    for engine in ENGINES:
        what = f"{engine}, 50 clients, connect-message-close: each / epoll_server"
        contestants = [bench.ours(engine), bench.floor("epoll_server")]
        windows = bench.windows(what, contestants, "--clients", 50, "--session", 1, *SOURCES)
        yield from rate_lines("churn", what, windows, Target(">=", 0.95))


# --- the parts -------------------------------------------------------------------------------------------------------

def micro(bench, what):
    """Seconds for a message of each size in each round: {(name, size): [seconds]}."""
    times = {}
    for number in range(bench.rounds):
        bench.progress(f"{what}: round {number + 1} of {bench.rounds}")
        command = bench.floor("micro", what, "--reporter", "xml", "--benchmark-samples", 50, "--benchmark-resamples",
                              1000, "--benchmark-warmup-time", 20)
        with Process(command, bench.cpus.server) as run:
            output, _ = run.process.communicate(timeout=processes.PATIENCE)
            if run.process.returncode != 0:
                raise run.failed("not right")
        for result in xml.etree.ElementTree.fromstring(output).iter("BenchmarkResults"):
            name, messages, length = re.fullmatch(r"(.+): (\d+) x (\d+) B", result.get("name")).groups()
            each = float(result.find("mean").get("value")) / 1e9 / int(messages)
            times.setdefault((name, int(length)), []).append(each)
    return times


def reverse(bench):
    times = micro(bench, "reverse")
    for length in sorted(length for name, length in times if name == "reverse"):
        ours, theirs = ([length / time for time in times[name, length]] for name in ("reverse", "memcpy"))
        yield Line("reverse", f"reverse {size(length)}: speed / memcpy", speed, ours, theirs, Target(">=", 0.7))


def protocol(bench):
    for (name, length), times in micro(bench, "messages").items():
        yield Line("protocol", f"{name}, {size(length)}: time of a message", seconds, times)


def instructions(bench):
    if not shutil.which("valgrind"):
        raise Skipped("valgrind is not installed")

    def total(command, messages):
        with tempfile.NamedTemporaryFile(prefix="revecho-bench-") as out:
            words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}"]
            with bench.server(words + command) as server, bench.stress(
                    server, "--clients", 50, "--messages", messages) as load:
                load.end()
            found = re.search(rb"^(?:totals|summary): (\d+)", out.read(), re.MULTILINE)
            if not found:
                raise Failure("callgrind has counted nothing")
            return int(found[1])

    def measure(command):
        few, many = (total(command, messages) for messages in CALLS)
        return (many - few) / (50 * (CALLS[1] - CALLS[0]))

    for engine in ENGINES:
        what = f"{engine}, 50 connections: user instructions per message / epoll_server"
        contestants = [bench.ours(engine), bench.floor("epoll_server")]
        yield Line("instructions", what, count, *bench.take_turns(what, contestants, measure))


# --- many connections ------------------------------------------------------------------------------------------------

def wait_until_idle(load, clients):
    """All are connected, and have been answered once."""
    verified = connected = 0
    while verified < clients or connected < clients:
        passed = load.next_second(processes.CONNECTING)
        if passed is None or passed["errors"] or connected > passed["connected"]:
            raise load.failed("not everything was verified")
        verified += passed["verified"]
        connected = passed["connected"]


def memory(bench):
    need_descriptors(MANY)

    def measure(command):
        idle = (*SOURCES, "--think", "1h", "--duration", "2h")  # the second message is never due
        with bench.server(command) as server:
            with bench.stress(server, "--clients", FEW, *idle) as few:
                wait_until_idle(few, FEW)
                before = server.memory()
                with bench.stress(server, "--clients", MANY - FEW, *idle) as many:
                    wait_until_idle(many, MANY - FEW)
                    return (server.memory() - before) / (MANY - FEW)

    growth = f"user memory per idle connection, {FEW} to {MANY}"
    for engine, most in (("async", 1.6 * 1024), ("epoll", 689)):
        what = f"{engine}: {growth}"
        yield Line("memory", what, size, *bench.take_turns(what, [bench.ours(engine)], measure),
                   target=Target("<=", most, "ours"))
    what = f"sync threads: {growth} / threads_server"
    contestants = [bench.ours("sync"), bench.floor("threads_server")]
    yield Line("memory", what, size, *bench.take_turns(what, contestants, measure),
               target=Target("<=", 16 * 1024, "ours"))


def tail(bench):
    contestants = [bench.ours("epoll"), bench.floor("epoll_server")]
    bench.progress("tail: looking for the highest rate")
    highest = min(w.messages / w.seconds for w in (bench.window(command, "--clients", 1000) for command in contestants))
    offered = round(highest / 2)
    limited = []

    def measure(command):
        with bench.server(command) as server, bench.stress(
                server, "--clients", 1000, "--rate", offered, "--arrivals", "poisson", "--seed", 1, "--warmup", "1s",
                "--duration", f"{bench.seconds + 3}s") as load:
            level = load.end()
        limited.append(level["generator"]["limited"])
        return level["latency_us"]["response"]["p99_9"] / 1e6

    what = f"epoll, 1000 connections, {rate(offered)}: p99.9 response / epoll_server"
    yield Line("tail", what, seconds, *bench.take_turns(what, contestants, measure), Target("<=", 1.1),
               f"the load was the limit in {sum(limited)} of {len(limited)} runs" if any(limited) else "")


def many(bench):
    need_descriptors(MANY)
    what = f"epoll, {MANY} connections, 1/s each, none late: CPU / epoll_server"
    contestants = [bench.ours("epoll"), bench.floor("epoll_server")]
    windows = bench.windows(what, contestants, "--clients", MANY, "--rate", MANY, "--timeout", "1s", *SOURCES,
                            length=bench.seconds + 3)
    yield Line("many", what, percent, *([w.cpu / w.seconds for w in side] for side in windows))


ROWS = {"async": async_cpu, "epoll": epoll_cpu, "sync": sync_cpu, "framing": framing_cpu, "pipeline": pipeline, "large": large,
        "reverse": reverse, "protocol": protocol, "memory": memory, "churn": churn, "instructions": instructions,
        "tail": tail, "many": many}


def measure_row(bench, name):
    """The lines of a row, as they are ready. What cannot be measured is a line, too."""
    try:
        yield from ROWS[name](bench)
    except Skipped as reason:
        yield Gap(name, str(reason), failed=False)
    except (Failure, OSError) as error:
        yield Gap(name, str(error))
