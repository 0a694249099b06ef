#!/usr/bin/env python3
"""The twins rule: async/ becomes sync/, letter by letter, by the substitutions below.

usage: parity.py            compare; every difference and every substitution that was not needed is an error
       parity.py --write    make sync/ from async/ (after editing async/; io.hpp, runtime.* and the engines are left alone)
"""

import difflib
import pathlib
import re
import sys

# In this order. Each must be needed by at least one file, so that the list cannot outlive its reasons.
SUBSTITUTIONS = [
    ("awaiting a call is making it", r"co_await ", ""),
    ("returning", r"co_return", "return"),
    ("what is awaited is what is returned", r"awaitable<((?:[^<>]|<[^<>]*>)+)>", r"\1"),
    ("names of the twin", r"\basync\b", "sync"),
]

# What the twins do not share: the engine that the text is compiled for (the engines are folders: asio, epoll, blocking),
# and how a server spreads over threads (event loops, or workers).
FREE = {"io.hpp", "runtime.hpp", "runtime.cpp"}


def substituted(text, used):
    for meaning, pattern, replacement in SUBSTITUTIONS:
        text, count = re.subn(pattern, replacement, text)
        if count:
            used.add(meaning)
    return text


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    names = sorted(path.name for path in (root / "async").glob("*.?pp"))
    faults = []
    used = set()
    for name in names:
        if name in FREE:
            continue
        expected = substituted((root / "async" / name).read_text(), used)
        twin = root / "sync" / name
        if "--write" in sys.argv:
            twin.write_text(expected)
        actual = twin.read_text() if twin.exists() else ""
        faults += difflib.unified_diff(
            expected.splitlines(), actual.splitlines(), f"async/{name} after substitution", f"sync/{name}", lineterm="")
    twins = sorted(path.name for path in (root / "sync").glob("*.?pp"))
    if names != twins:
        faults.append(f"not in both: {', '.join(sorted(set(names) ^ set(twins)))}")
    for meaning, pattern, _ in SUBSTITUTIONS:
        if meaning not in used:
            faults.append(f"no file needs the substitution of {pattern!r} ({meaning})")
    print("\n".join(faults) if faults else f"{len(names) - len(FREE)} files are twins")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
