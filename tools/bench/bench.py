"""The programs, and how they are measured: in rounds, in which those that are compared take turns."""
import resource

import processes
from processes import Load, Server


class Skipped(Exception):
    pass


def need_descriptors(connections):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit < connections + 100:
        raise Skipped(f"{connections} connections need more than the {limit} descriptors that a process may have")


class Bench:
    def __init__(self, programs, rounds, length, progress):
        self.programs = programs
        self.rounds = rounds
        self.seconds = length
        self.progress = progress
        self.cpus = processes.Cpus()

    # --- who is measured ---------------------------------------------------------------------------------------------

    def ours(self, twin, *options, program=None):
        program = self.programs / (program or f"revecho-{twin}-server")
        return [program, "--listen", "127.0.0.1:0", "--port-file", "/dev/stdout", *options]

    def floor(self, name, *options):
        return [self.programs / "bench" / name, *options]

    # --- and how -----------------------------------------------------------------------------------------------------

    def server(self, command):
        return Server(command, self.cpus.server)

    def stress(self, server, *options):
        words = [self.programs / "revecho-stress", f"127.0.0.1:{server.port}", "--json", "-", "--quiet", *options]
        return Load(lambda csv: [*words, "--csv", csv], self.cpus.load)

    def mirror(self, server, *options):
        words = [self.programs / "bench/mirror_load", server.port, *options, self.seconds + 1]
        return Load(lambda csv: [*words, csv], self.cpus.load)

    def window(self, command, *options, length=None):
        """Some seconds of revecho-stress."""
        length = length or self.seconds
        with self.server(command) as server, self.stress(server, *options, "--duration", f"{length + 2}s") as load:
            return processes.measure(server, load, length)

    def take_turns(self, what, contestants, measure):
        """Measures each of the contestants once a round, the first one last in every other round. Their results."""
        results = [[] for _ in contestants]
        for number in range(self.rounds):
            self.progress(f"{what}: round {number + 1} of {self.rounds}")
            order = list(enumerate(contestants))
            for which, contestant in order if number % 2 == 0 else reversed(order):
                results[which].append(measure(contestant))
        return results

    def windows(self, what, contestants, *options, length=None):
        """The windows of each."""
        return self.take_turns(what, contestants, lambda command: self.window(command, *options, length=length))

    def check(self, command, *options):
        """Does it do what it is for? revecho-stress finds out."""
        with self.server(command) as server, self.stress(server, "--messages", 50, *options) as load:
            load.end()

    def fails(self, command, *options):
        """Is every reply of it wrong?"""
        with self.server(command) as server, self.stress(server, "--messages", 50, *options) as load:
            return load.outcome()["verified"] == 0
