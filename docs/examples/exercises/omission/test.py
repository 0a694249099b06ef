#!/usr/bin/env python3
"""A server that stands still for one of three seconds: a third of all messages are due in it. usage: test.py FILE"""
import importlib.util
import socket
import sys
import threading
import time

RATE, SECONDS, STALL = 100, 3, 1


def serve(listening):
    peer, _ = listening.accept()
    with peer:
        stall_at = time.monotonic() + 1
        while peer.recv(1):
            if time.monotonic() > stall_at:
                time.sleep(STALL)
                stall_at = float("inf")
            peer.sendall(b"!")


spec = importlib.util.spec_from_file_location("load", sys.argv[1])
load = importlib.util.module_from_spec(spec)
spec.loader.exec_module(load)

with socket.create_server(("127.0.0.1", 0)) as listening:
    threading.Thread(target=serve, args=[listening], daemon=True).start()
    all_latencies = sorted(load.latencies(listening.getsockname(), RATE, SECONDS))

if len(all_latencies) != RATE * SECONDS:
    sys.exit(f"{len(all_latencies)} latencies instead of {RATE * SECONDS}")
p90 = all_latencies[len(all_latencies) * 9 // 10]
if p90 < STALL / 2:
    sys.exit(f"p90 is {p90 * 1000:.1f} ms, but a third of the messages were due while the server stood still for {STALL} s")
