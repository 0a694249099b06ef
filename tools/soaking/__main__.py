"""tools/soak: good and hostile clients against the servers for a long time. See there.

A server of each framing runs the whole time. In each round some get loads, in which every reply has to be right, and
all get faults. Then it becomes quiet, and they must have given back what the connections took."""
import argparse
import asyncio
import collections
import pathlib
import random
import resource
import signal
import sys
import time

import faults
import loads
import verdict
from server import LIMIT, MODELS, PATIENCE, Server

FRAMINGS = ("raw", "line", "length", "eof")
MOST_FAILURES = 20  # shown


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tools/soak", description="Mixed load and hostile clients for a long time.")
    parser.add_argument("minutes", type=float, metavar="MINUTES", help="for each server; fractions are allowed")
    parser.add_argument("twin", nargs="?", choices=list(MODELS), help="only this one [all, one after the other]")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32), help="repeats the draws")
    parser.add_argument("--programs", type=pathlib.Path, help=argparse.SUPPRESS)  # the directory they are in
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # only look at the command line
    options = parser.parse_args(arguments)
    if not options.minutes > 0:
        parser.error("MINUTES must be more than 0")
    return options


class Soak:
    def __init__(self, options, twin):
        self.twin = twin
        self.random = random.Random(f"{options.seed} {twin}")
        self.seconds = options.minutes * 60
        self.programs = options.programs.absolute()
        self.servers = []
        self.tallies = collections.defaultdict(loads.Tally)
        self.faults = collections.Counter()
        self.failures = []
        self.rounds = 0
        self.interrupted = False

    async def run(self):
        """Returns whether all was right; the report has been printed then."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.interrupt)
        try:
            for framing in FRAMINGS:
                self.servers.append(Server(self.programs, self.twin, framing))
            await self.run_rounds()
            for server in self.servers:
                self.failures += server.stop()
        finally:
            for server in self.servers:
                server.kill()
        self.judge()
        self.print_report()
        return not self.failures

    def interrupt(self):
        print(f"{self.twin}: stopping after this round", file=sys.stderr)
        self.interrupted = True

    async def run_rounds(self):
        self.start = time.monotonic()
        mischief = faults.Mischief(self.random, self.servers, self.programs, self.faults)
        turn = []
        while not self.interrupted:
            left = self.seconds - (time.monotonic() - self.start)
            if left <= 0 and self.rounds > 0:
                break
            # The last faults need the servers' time-outs until they are over.
            length = min(self.random.uniform(3, 8), max(1, left - 1.5 * LIMIT))
            if len(turn) < 2:
                turn += self.random.sample(self.servers, len(self.servers))
            works = [(s, loads.draw(self.random, s.framing, round(length, 1))) for s in (turn.pop(0), turn.pop(0))]
            outcomes = await asyncio.gather(mischief.run(length), *(
                loads.run(self.programs, server, options, self.tallies[server]) for server, options in works))
            self.failures += [failure for some in outcomes for failure in some]
            if not await self.become_quiet():
                break
            self.rounds += 1
            self.show()

    async def become_quiet(self):
        """Takes samples. False if a server is dead, or does not give back what it took: the rounds are over then."""
        deadline = time.monotonic() + PATIENCE
        while not all(s.is_quiet() for s in self.servers) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        for server in self.servers:
            if not server.is_alive():
                return False  # stop() says why
            sample = server.sample()
            server.samples.append(sample)
            if not server.is_quiet():
                self.failures.append(f"{server.name} has {sample.descriptors} descriptors and {sample.threads} threads "
                                     f"without any connection; at the beginning it had {server.begin.descriptors} "
                                     f"and {server.begin.threads}")
        return all(server.is_quiet() for server in self.servers)

    def judge(self):
        for server in self.servers:
            self.failures += verdict.growth(server.name, [sample.memory for sample in server.samples])
        if self.failures:
            return
        for fault, counter in faults.COUNTED.items():  # have the faults been what they are meant to be?
            counted = sum(server.totals[counter] for server in self.servers)
            if counted < self.faults[fault]:
                self.failures.append(f"{self.faults[fault]} times {fault.__name__}, and the servers have counted "
                                     f"{counted} {counter}")

    def show(self):
        if not sys.stderr.isatty():
            return
        verified = sum(tally.verified for tally in self.tallies.values())
        passed = int(time.monotonic() - self.start)
        print(f"\r\x1b[K{self.twin}  {passed // 60}:{passed % 60:02} of {self.seconds / 60:g} min  "
              f"round {self.rounds}  {verified} verified  {sum(self.faults.values())} faults  "
              f"{len(self.failures)} failures",
              end="", file=sys.stderr, flush=True)

    def print_report(self):
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        print(f"{self.twin}: {(time.monotonic() - self.start) / 60:.1f} min, {self.rounds} rounds")
        print(*verdict.report(self.servers, self.tallies, self.faults), sep="\n")
        if self.rounds < verdict.FEWEST_SAMPLES:
            print(f"Too short to judge the memory: that takes {verdict.FEWEST_SAMPLES} rounds.")
        for failure in self.failures[:MOST_FAILURES]:
            print("FAILED:", failure)
        if len(self.failures) > MOST_FAILURES:
            print(f"FAILED: and {len(self.failures) - MOST_FAILURES} more")
        print(flush=True)


def main():
    options = parse(sys.argv[1:])
    if options.check:
        return 0
    print("tools/soak", *filter(None, [f"{options.minutes:g}", options.twin, "--seed", options.seed]), flush=True)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    good = True
    for twin in [options.twin] if options.twin else MODELS:
        soak = Soak(options, twin)
        good = asyncio.run(soak.run()) and good
        if soak.interrupted:
            break
    return 0 if good else 1


sys.exit(main())
