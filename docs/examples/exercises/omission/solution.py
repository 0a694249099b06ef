"""Exercise 3, solved: each message has its time, and its latency begins then, whether or not it could be sent."""
import socket
import time


def latencies(address, rate, seconds):
    """In seconds, of each message."""
    result = []
    with socket.create_connection(address) as server:
        start = time.monotonic()
        for number in range(rate * seconds):
            due = start + number / rate
            time.sleep(max(0, due - time.monotonic()))
            server.sendall(b"?")
            server.recv(1)
            result.append(time.monotonic() - due)
    return result
