"""What the tests of the exercises share: a program that serves on a free port, and clients of it."""
import contextlib
import socket
import subprocess
import sys

PATIENCE = 30  # seconds for anything to happen, on a busy machine


@contextlib.contextmanager
def serving(program):
    """Starts `program 0`, which prints its port; gives its address."""
    with subprocess.Popen([program, "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield "127.0.0.1", int(process.stdout.readline())
        finally:
            process.kill()


def connect_to(address):
    return socket.create_connection(address, timeout=PATIENCE)


def expect(client, reply):
    """Ends the test unless exactly this comes. b"": nothing comes for a while."""
    received = b""
    client.settimeout(PATIENCE if reply else 0.2)
    with contextlib.suppress(TimeoutError):
        while len(received) < len(reply) or not reply:
            if not (some := client.recv(4096)):
                break
            received += some
    if received != reply:
        sys.exit(f"expected {reply}, received {received}")
