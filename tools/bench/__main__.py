"""tools/bench/run: what our servers cost beside what the kernel allows.

Each row compares a server of ours with the least that does the same (servers/), under the same load. They take turns
in rounds; of each round there is a ratio, and of these the table has the median and the quartiles."""
import argparse
import pathlib
import platform
import resource
import signal
import sys
import time

import crowd
import rows
import table
from bench import Bench


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/bench/run", description="What our servers cost beside what the kernel allows.",
        epilog=f"Rows: {', '.join(rows.ROWS)} [all of these], and crowd, which has to be asked for.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="what to measure")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="of each comparison [%(default)s]")
    parser.add_argument("--seconds", type=int, default=2, metavar="S", help="that are measured at once [%(default)s]")
    parser.add_argument("--connections", type=int, default=100_000, metavar="N", help="of crowd [%(default)s]")
    parser.add_argument("--programs", type=pathlib.Path, help=argparse.SUPPRESS)  # the directory they are in
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # only look at the command line
    options = parser.parse_args(arguments)
    for name in options.rows:
        if name != "crowd" and name not in rows.ROWS:
            parser.error(f"there is no row '{name}', but {', '.join(rows.ROWS)} and crowd")
    for name in ("rounds", "seconds", "connections"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    return options


def show(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def describe(bench):
    print(f"Linux {platform.release()}, {cpu_model()}; server on processor {min(bench.cpus.server)}, load on "
          f"{min(bench.cpus.load)}; {bench.rounds} rounds of {bench.seconds} s")
    if bench.cpus.shared:
        print("Server and load share the only processor there is: these figures say little about the servers.")


def main():
    options = parse(sys.argv[1:])
    if options.check:
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what runs is ended, and what is known printed
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    bench = Bench(options.programs.absolute(), options.rounds, options.seconds, show)
    names = options.rows or list(rows.ROWS)
    lines = []
    good = True
    try:
        for name in names:
            begin = time.monotonic()
            if name == "crowd":
                good = crowd.run(bench, options.connections)
                continue
            for line in rows.measure_row(bench, name):
                lines.append(line)
            show("")
            print(f"tools/bench: {name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    except KeyboardInterrupt:
        show("")
        print("tools/bench: interrupted", file=sys.stderr)
        good = False
    if lines:
        describe(bench)
        print(*table.render(lines), sep="\n")
    return 0 if good and not any(isinstance(line, table.Gap) and line.failed for line in lines) else 1


sys.exit(main())
