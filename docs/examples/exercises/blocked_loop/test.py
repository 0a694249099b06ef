#!/usr/bin/env python3
"""Ten clients ask at the same time. One after the other that takes ten seconds. usage: test.py PROGRAM"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from server import connect_to, expect, serving

CLIENTS = 10
LONGEST = 8  # seconds; at the same time it takes one

with serving(sys.argv[1]) as address:
    clients = [connect_to(address) for _ in range(CLIENTS)]
    start = time.monotonic()
    for number, client in enumerate(clients):
        client.sendall(b"question %d" % number)
    for number, client in enumerate(clients):
        expect(client, (b"question %d" % number)[::-1])
        client.close()
    took = time.monotonic() - start
    if took > LONGEST:
        sys.exit(f"{CLIENTS} clients were answered after {took:.1f} s: one after the other")
