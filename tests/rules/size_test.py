#!/usr/bin/env python3
"""The size rule: a file is one idea, so no C++ file is longer than 450 lines, and none of an engine than 300.

usage: size_test.py [SOURCE_ROOT]
"""

import pathlib
import sys

MOST = 450
MOST_OF_AN_ENGINE = 300
ENGINES = {("async", "asio"), ("async", "epoll"), ("sync", "blocking")}
FOLDERS = ["shared", "sync", "async", "tools", "tests"]


def most_lines(path):
    return MOST_OF_AN_ENGINE if path.parts[:2] in ENGINES else MOST


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    files = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in {".cpp", ".hpp"}]
    faults = []
    engines = 0
    for path in sorted(path.relative_to(root) for path in files):
        lines = len((root / path).read_text().splitlines())
        engines += most_lines(path) == MOST_OF_AN_ENGINE
        if lines > most_lines(path):
            faults.append(f"{path} has {lines} lines; at most {most_lines(path)} are allowed")
    if engines < 20:
        faults.append(f"only {engines} files of engines were found")
    print("\n".join(faults) if faults else f"{len(files)} files, {engines} of them in engines: none is too long")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
