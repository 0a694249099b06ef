"""What the samples of a long run say: has a server grown? And the table at the end."""
import statistics

MIB = 1 << 20
FEWEST_SAMPLES = 9  # three in each third

# By how much the memory may grow between the middle and the last third, in quiet moments. What an allocator keeps
# differs by some MiB from one load to the next, because it depends on which threads were at work with how large
# messages. A leak does not stop growing: in 30 minutes this finds one of half a KiB for each connection, and in a night
# one of 32 bytes.
MARGIN = 8 * MIB


def thirds(samples):
    """The samples after the first third, in which caches and free lists fill up: the middle and the last third."""
    third = len(samples) // 3
    return samples[third:2 * third], samples[2 * third:]


def growth(name, memory):
    """What is not right with these sizes (bytes, in the order of time)."""
    if len(memory) < FEWEST_SAMPLES:
        return []
    middle, last = (statistics.median_high(part) for part in thirds(memory))
    if last <= middle + MARGIN:
        return []
    return [f"{name} grows: {middle / MIB:.1f} MiB in the middle third, {last / MIB:.1f} MiB in the last"]


def table(titles, rows):
    lines = [list(map(str, row)) for row in [titles, *rows]]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for number, line in enumerate(lines):
        yield "  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                        for i, (text, width) in enumerate(zip(line, widths))).rstrip()
        if number == 0:
            yield "-" * (sum(widths) + 2 * (len(widths) - 1))


def sizes(values):
    return " / ".join(f"{value / MIB:.1f}" for value in values)


def report(servers, tallies, faults):
    """The lines of the tables: each server, each kind of fault."""
    rows = []
    for server in servers:
        samples = server.samples or [server.begin]
        steps = [server.begin, samples[len(samples) // 2], samples[-1]]
        tally = tallies[server]
        rows.append([server.name, tally.verified, tally.wrong, tally.lost, tally.late, server.totals.get("served", "?"),
                     sizes(s.memory for s in steps), " / ".join(str(s.descriptors) for s in steps),
                     " / ".join(str(s.threads) for s in steps)])
    yield from table(["server", "verified", "wrong", "lost", "late", "connections", "MiB: begin / middle / end",
                      "descriptors", "threads"], rows)
    yield ""
    yield "faults: " + ", ".join(f"{count} {kind.__name__}" for kind, count in sorted(
        faults.items(), key=lambda item: item[0].__name__))
