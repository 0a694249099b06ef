"""Exercise 3: this load sends `rate` messages a second and measures their latencies. It hides a stall of the server:
while it waits for one reply, it does not send the messages that are due meanwhile, so nobody measures what they would
have waited. This is coordinated omission. Make test.py pass.
"""
import socket
import time


def latencies(address, rate, seconds):
    """In seconds, of each message."""
    result = []
    with socket.create_connection(address) as server:
        for _ in range(rate * seconds):
            sent = time.monotonic()
            server.sendall(b"?")
            server.recv(1)
            replied = time.monotonic()
            result.append(replied - sent)
            time.sleep(max(0, sent + 1 / rate - replied))
    return result
