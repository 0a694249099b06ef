"""Good clients: revecho-stress with random loads, of which every reply has to come and be right."""
import asyncio
import json

TIMEOUT = 20  # seconds for a reply; the servers are stopped for less than one now and then
LONGEST = 180  # seconds for a load that is meant for less than ten
SMALLEST_RATE = 10  # messages a second of each client, so that a Poisson gap never reaches the idle time-out

SIZES = {  # name: (--size, most clients)
    "one byte": ("1", 200),
    "small": ("uniform:1..200", 200),
    "medium": ("exp:4KiB", 50),
    "large": ("uniform:1..1MiB", 8),
}


def draw(random, framing, seconds):
    """The options of a load that takes about so long, and less than half of a processor."""
    size, most = SIZES[random.choice(list(SIZES))]
    large = most < 10
    if framing == "raw" and large:
        size, most = "uniform:1..64KiB", 20
    clients = random.randint(1, most)
    options = ["--framing", framing, "--size", size, "--seed", random.getrandbits(32)]

    pace = random.choice(["think", "rate", "burst"])
    if pace == "think":
        options += ["--think", f"uniform:0ms..{random.choice([200, 400, 800])}ms", "--duration", f"{seconds}s"]
    elif pace == "rate":
        clients = min(clients, 50)
        rate = clients * random.randint(SMALLEST_RATE, 20 if large else 60)
        options += ["--rate", rate, "--arrivals", random.choice(["even", "poisson"]), "--duration", f"{seconds}s"]
    else:  # as fast as it goes, but not for long
        options += ["--messages", max(1, (100 if large else 10_000) // clients)]

    if pace != "think" and framing in ("line", "length") and random.random() < 0.5:
        options += ["--pipeline", random.randint(2, 4 if large else 64)]
    if framing != "eof" and random.random() < 0.5:
        options += ["--session", random.choice(["1", "exp:5", "uniform:1..50"])]
    if random.random() < 0.3:
        options += ["--close", "reset"]
    if random.random() < 0.3:
        options += ["--half-close"]
    return ["--clients", clients, *options]


class Tally:
    def __init__(self):
        self.verified = self.wrong = self.lost = self.late = 0


async def start(programs, server, options, outcome=asyncio.subprocess.PIPE):
    words = [f"127.0.0.1:{server.port}", *map(str, options), "--timeout", f"{TIMEOUT}s", "--json", "-"]
    return words, await asyncio.create_subprocess_exec(
        programs / "revecho-stress", *words, stdin=asyncio.subprocess.DEVNULL, stdout=outcome, stderr=outcome,
        start_new_session=True)


async def run(programs, server, options, tally):
    """Runs a load, adds it to the tally, and returns what was not right."""
    words, process = await start(programs, server, options)
    command = " ".join(["revecho-stress", *words])
    try:
        output, errors = await asyncio.wait_for(process.communicate(), LONGEST)
    except asyncio.TimeoutError:
        return [f"{server.name}: not over after {LONGEST} s: {command}"]
    finally:
        if process.returncode is None:
            process.kill()
    try:
        level = json.loads(output)["levels"][0]
    except (ValueError, LookupError):
        return [f"{server.name}: exit code {process.returncode} of {command}: {errors.decode(errors='replace')}"]
    wrong = sum(level["wrong"].values())
    tally.verified += level["verified"]
    tally.wrong += wrong
    tally.lost += level["lost"]
    tally.late += level["late"]
    trouble = {"wrong": wrong, **{kind: level[kind] for kind in ("lost", "late", "connect_failed", "closed_early")}}
    trouble = {kind: count for kind, count in trouble.items() if count}
    if level["verified"] == 0 or process.returncode != 0 or trouble:
        return [f"{server.name}: {level['verified']} verified, {trouble or 'nothing named'}, exit code "
                f"{process.returncode}: {command}\n{errors.decode(errors='replace')}"]
    return []
