#!/usr/bin/env python3
"""Lines that arrive cut, and lines that arrive together. usage: test.py PROGRAM"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from server import connect_to, expect, serving

with serving(sys.argv[1]) as address:
    with connect_to(address) as client:
        client.sendall(b"Hello\n")
        expect(client, b"olleH\n")
    with connect_to(address) as client:
        client.sendall(b"one\ntwo\n")
        expect(client, b"eno\nowt\n")
    with connect_to(address) as client:
        client.sendall(b"Hel")
        expect(client, b"")
        client.sendall(b"lo\nwor")
        expect(client, b"olleH\n")
        client.sendall(b"ld\n")
        expect(client, b"dlrow\n")
