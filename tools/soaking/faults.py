"""Hostile clients. Each does its mischief to a server, and raises Misbehavior if the server does not take it as
PROTOCOL.md says: what it answers is right, and in time it ends what has to be ended."""
import asyncio
import contextlib
import signal
import socket
import struct
import time
from random import Random

import loads
from server import LIMIT, MAX_MESSAGE

PATIENCE = LIMIT + 30  # seconds in which the server has to end a connection that is over its limits
COARSENESS = 0.1  # seconds, of which the servers' clock needs a tick of the kernel: some milliseconds


class Misbehavior(Exception):
    pass


def frame(framing, message):
    return {"line": message + b"\n", "length": struct.pack(">I", len(message)) + message}.get(framing, message)


def expected(framing, stream):
    """What has to come for all these bytes and a half-close, and whether they break the protocol."""
    replies = b""
    if framing == "eof":
        return (b"", True) if len(stream) > MAX_MESSAGE else (stream[::-1], False)
    if framing == "line":
        *lines, rest = stream.split(b"\n")
        for line in lines:
            end = b"\r\n" if line.endswith(b"\r") else b"\n"
            line = line.removesuffix(b"\r")
            if len(line) > MAX_MESSAGE:
                return replies, True
            replies += line[::-1] + end
        return (replies, True) if len(rest) > MAX_MESSAGE else (replies + rest[::-1], False)
    while stream:
        size = struct.unpack(">I", stream[:4])[0] if len(stream) >= 4 else 0
        if len(stream) < 4 + size:
            return replies, True
        replies += stream[:4] + stream[4:4 + size][::-1]
        stream = stream[4 + size:]
    return replies, False


@contextlib.asynccontextmanager
async def connected(server, receive_buffer=None):
    with socket.socket() as sock:
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def reset_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def send(sock, data):
    await asyncio.get_running_loop().sock_sendall(sock, data)


async def receive_all(sock):
    """Up to the end, and whether that was orderly."""
    received = bytearray()
    with contextlib.suppress(ConnectionError):
        while data := await asyncio.get_running_loop().sock_recv(sock, 1 << 16):
            received += data
        return bytes(received), True
    return bytes(received), False


async def in_time(awaitable, server, what):
    try:
        return await asyncio.wait_for(awaitable, PATIENCE)
    except asyncio.TimeoutError:
        raise Misbehavior(f"{server.name} lets {what} live for more than {PATIENCE} s") from None


async def exchange(random, server, stream):
    """Sends the stream in random pieces and half-closes; what comes back has to be right."""

    async def send_in_pieces(sock):
        position = 0
        with contextlib.suppress(ConnectionError):  # shows in what is received, too
            while position < len(stream):
                size = random.choice([1, 100, 10_000, len(stream)])
                await send(sock, stream[position:position + size])
                position += size
            sock.shutdown(socket.SHUT_WR)

    async with connected(server) as sock:
        both = asyncio.gather(receive_all(sock), send_in_pieces(sock))
        (received, orderly), _ = await in_time(both, server, "a connection that sends odd bytes")
    if server.framing == "raw":
        good = orderly and sorted(received) == sorted(stream)  # in pieces, whose borders nobody knows
    else:
        replies, violation = expected(server.framing, stream)
        # Who breaks the protocol and is slow may be reset, and loses replies by that.
        good = received == replies if orderly else violation and replies.startswith(received)
    if not good:
        raise Misbehavior(f"{server.name} answers {len(received)} bytes, orderly end: {orderly}, to the "
                           f"{len(stream)} bytes {stream[:100]}…: {received[:100]}…")


def messages(random, framing):
    count = 1 if framing in ("raw", "eof") else random.randint(0, 20)
    return b"".join(frame(framing, bytes(random.choices(b"abc\0\xff\r", k=random.randint(1, 300))))
                    for _ in range(count))


# --- the faults: what `reset` etc. do to `server` --------------------------------------------------------------------


async def reset(random, server):
    async with connected(server) as sock:
        stream = messages(random, server.framing) + frame(server.framing, bytes(1000))
        await send(sock, stream[:-random.randint(1, 1000)])
        if random.random() < 0.5 and server.framing in ("raw", "line"):
            await asyncio.sleep(random.uniform(0, 0.1))  # with replies on their way, or read by nobody
        reset_on_close(sock)


async def drip(random, server):
    start = time.monotonic()
    async with connected(server) as sock:
        ending = asyncio.ensure_future(in_time(receive_all(sock), server, "a slow drip"))
        drops = iter(struct.pack(">I", 10_000) if server.framing == "length" else b"")
        with contextlib.suppress(ConnectionError):
            while not ending.done():
                await send(sock, bytes([next(drops, 120)]))
                await asyncio.wait([ending], timeout=random.uniform(0.05, 0.5))
        await ending
    passed = time.monotonic() - start
    if passed < LIMIT - COARSENESS:
        raise Misbehavior(f"{server.name} ends a slow drip too early, after {passed:.3f} s")


async def never_reads(random, server):
    chunk = frame(server.framing, bytes(random.randint(1, 1000))) * 100

    async def send_until_ended(sock):
        with contextlib.suppress(ConnectionError):
            while True:
                await send(sock, chunk)

    async with connected(server, receive_buffer=4096) as sock:
        await in_time(send_until_ended(sock), server, "a client that never reads")


async def oversize(random, server):
    size = random.choice([MAX_MESSAGE + 1, 3 * MAX_MESSAGE])
    if server.framing == "length":
        announced = random.choice([size, 2**32 - 1])
        await exchange(random, server, messages(random, "length") + struct.pack(">I", announced) + bytes(100))
    elif server.framing == "line":
        await exchange(random, server, messages(random, "line") + b"x" * size)
    else:
        await exchange(random, server, b"x" * size)


async def truncated(random, server):
    stream = messages(random, "length") + frame("length", bytes(1000))
    await exchange(random, server, stream[:-random.randint(1, 1003)])


async def garbage(random, server):
    await exchange(random, server, random.randbytes(random.randint(1, 40_000)))


async def idle(random, server):
    start = time.monotonic()
    async with connected(server) as sock:
        received, _ = await in_time(receive_all(sock), server, "an idle connection")
    passed = time.monotonic() - start
    if received or passed < LIMIT - COARSENESS:
        raise Misbehavior(f"{server.name} ends an idle connection after {passed:.3f} s, with {received[:100]}")


async def flood(random, server):
    async def one():
        async with connected(server) as sock:
            if random.random() < 0.5:
                reset_on_close(sock)

    await asyncio.gather(*(one() for _ in range(random.randint(50, 300))))


async def stop_and_continue(random, server):
    server.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(random.uniform(0.05, 0.6))  # far below the time-outs: good clients must not notice
    finally:
        server.signal(signal.SIGCONT)


async def killed_load(random, server, programs):
    options = ["--clients", random.randint(1, 50), "--framing", server.framing, "--think", "uniform:0s..100ms"]
    _, process = await loads.start(programs, server, options, asyncio.subprocess.DEVNULL)
    try:
        await asyncio.sleep(random.uniform(0.1, 1.5))
    finally:
        process.kill()
        await process.wait()


# --- the draws -------------------------------------------------------------------------------------------------------

# Which framings it makes sense in, and how many at once.
KINDS = {
    reset: ("raw line length eof", 50),
    drip: ("line length eof", 10),
    never_reads: ("raw line length", 3),
    oversize: ("line length eof", 5),
    truncated: ("length", 20),
    garbage: ("raw line length eof", 20),
    idle: ("raw line length eof", 50),
    flood: ("raw line length eof", 1),
    killed_load: ("raw line length eof", 1),
    stop_and_continue: ("raw line length eof", 1),
}

# What the servers must have counted at the end, at least once for each such fault.
COUNTED = {reset: "connection_errors", drip: "message_timeouts", never_reads: "write_timeouts", oversize: "too_long",
           truncated: "truncated", idle: "idle_timeouts"}


class Mischief:
    """Draws faults so that all kinds come up before any comes again."""

    def __init__(self, random, servers, programs, count):
        self._random = random
        self._servers = servers
        self._programs = programs
        self._count = count  # a Counter: kind of fault
        self._deck = []

    async def run(self, seconds):
        """Some faults in the next seconds. Returns, when all have had their effect, what was not right."""
        random = self._random  # only used here, before anything waits, so that a seed repeats the draws
        drawn = []
        for _ in range(random.randint(12, 18)):
            if not self._deck:
                self._deck = [(fault, s) for fault, (framings, _) in KINDS.items() for s in self._servers
                              if s.framing in framings]
                random.shuffle(self._deck)
            fault, server = self._deck.pop()
            if fault is stop_and_continue and (fault, server) in drawn:
                continue  # two stops in a row might be as long as a time-out
            drawn.append((fault, server))
        outcomes = await asyncio.gather(
            *(self._some(fault, server, Random(random.getrandbits(64)), seconds) for fault, server in drawn))
        return [text for texts in outcomes for text in texts]

    async def _some(self, fault, server, random, seconds):
        await asyncio.sleep(random.uniform(0, seconds))
        times = random.randint(1, KINDS[fault][1])
        self._count[fault] += times
        extra = (self._programs,) if fault is killed_load else ()
        outcomes = await asyncio.gather(
            *(fault(Random(random.getrandbits(64)), server, *extra) for _ in range(times)), return_exceptions=True)
        errors = [e for e in outcomes if isinstance(e, BaseException)]
        for error in errors:
            if not isinstance(error, (Misbehavior, OSError)):
                raise error
        return [f"{fault.__name__}, {server.name}: {e}" for e in errors]
