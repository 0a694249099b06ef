#!/usr/bin/env python3
"""The rooms rule: each folder includes only what its line below allows.

usage: rooms_test.py [SOURCE_ROOT]
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')

SOCKETS = (r"sys/(socket|epoll|eventfd|timerfd|poll|select|event|un|uio|sendfile)\.h|(netinet|arpa|net)/.*|(linux|asm)/.*"
           r"|(netdb|ifaddrs|liburing|resolv)\.h")
POLL = r"poll\.h"
ASIO = r"(boost/)?asio(\.hpp|/.*)"
FILES = r"(iostream|fstream|filesystem|cstdio|fcntl\.h|unistd\.h)"
CLOCKS = r"(chrono|ctime|sys/time\.h|time\.h)"
COMMAND_LINE = r"CLI/.*"
JSON = r"nlohmann/.*"

# Folder, the rooms that it may include, and the other headers that it may not.
ROOMS = [
    ("shared/protocol", ["shared/protocol"], [SOCKETS, POLL, ASIO, FILES, CLOCKS, COMMAND_LINE, JSON, "fmt/.*"]),
    ("shared/process", ["shared/process"], [SOCKETS, ASIO, COMMAND_LINE]),
    ("shared/options", ["shared/options", "shared/protocol", "shared/process"], [SOCKETS, POLL, ASIO, JSON]),
    ("shared/net", ["shared/net", "shared/options", "shared/process"], [ASIO, COMMAND_LINE, JSON]),
    ("sync", ["sync", "shared"], [ASIO, COMMAND_LINE, JSON]),
    ("async/asio", ["async/asio", "shared"], [r"sys/epoll\.h", COMMAND_LINE, JSON]),
    ("async/epoll", ["async/epoll", "shared"], [ASIO, COMMAND_LINE, JSON]),
    ("tools/stress", ["tools", "async/epoll", "shared"], [ASIO]),
    ("tools/compare", ["tools", "async/epoll", "shared"], [ASIO]),
]

# What the load tool decides, without a socket, a clock or an event loop: files of tools/stress that may include each
# other and shared/{protocol,options} only. The workload names addresses to connect from, results hold histograms.
CORE = ["conversation", "hints", "incidents", "judgement", "outages", "recorder", "results", "schedule", "small_histogram",
        "workload"]
CORE_ROOMS = ["shared/protocol", "shared/options"] + [f"tools/stress/{name}.hpp" for name in CORE]
CORE_EXTRA = {("workload.hpp", "shared/net/address.hpp"), ("incidents.hpp", "shared/net/address.hpp"),
              ("results.hpp", "shared/process/histogram.hpp"),
              ("results.cpp", "tools/trend.hpp"), ("small_histogram.hpp", "shared/process/histogram.hpp")}
CLOCK = re.compile(r"\bnow\(\)")

# The text of the twins: session, server, client and the mains know no engine by name and no system call.
TEXT_MAY_NOT = [SOCKETS, POLL, ASIO, COMMAND_LINE, JSON]


def is_one_of(patterns, header):
    return any(re.fullmatch(pattern, header) for pattern in patterns)


def faults_of(header, rooms, forbidden):
    """Why the header may not be included; empty if it may."""
    if is_one_of(forbidden, header):
        return "is not for this room"
    ours = re.match(r"(shared|sync|async|tools|tests)/", header)
    if ours and not any(header == room or header.startswith(f"{room}/") for room in rooms):
        return "is a room that this one does not know"
    return ""


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found.group(1)


def faults_of_core(name, text):
    """What a file of the core includes and must not, or asks a clock for; line by line."""
    for number, header in includes(text):
        if reason := faults_of(header, CORE_ROOMS, [SOCKETS, POLL, ASIO, FILES]):
            if (name, header) not in CORE_EXTRA:
                yield f"{name}:{number}: {header} {reason}"
    for number, line in enumerate(text.splitlines(), 1):
        if CLOCK.search(line):
            yield f"{name}:{number}: asks a clock"


def check_the_rule():
    """A rule that finds nothing is only worth something if it could."""
    rules = {folder: (rooms, forbidden) for folder, rooms, forbidden in ROOMS}
    for folder, header in [("shared/protocol", "sys/socket.h"), ("shared/protocol", "chrono"),
                           ("shared/protocol", "shared/options/limits.hpp"), ("shared/process", "netdb.h"),
                           ("shared/process", "shared/options/endpoint.hpp"), ("shared/options", "asio.hpp"),
                           ("shared/net", "asio/ip/tcp.hpp"), ("async/asio", "sys/epoll.h"),
                           ("async/epoll", "asio/io_context.hpp"), ("tools/stress", "async/asio/context.hpp"),
                           ("sync", "async/io.hpp")]:
        if not faults_of(header, *rules[folder]):
            yield f"the rule of {folder} misses {header}"
    for folder, header in [("shared/protocol", "shared/protocol/framing.hpp"), ("shared/net", "sys/socket.h"),
                           ("shared/options", "shared/process/log.hpp"), ("async/epoll", "sys/epoll.h")]:
        if faults_of(header, *rules[folder]):
            yield f"the rule of {folder} forbids {header}"
    for text in ['#include "async/epoll/stream.hpp"', '#include "tools/stress/worker.hpp"', "auto t = steady::now();",
                 '#include "shared/net/address.hpp"', '#include "shared/process/clock.hpp"']:
        if not list(faults_of_core("conversation.cpp", text)):
            yield f"the rule of the load tool's core misses {text}"
    for text in ['#include "shared/protocol/payload.hpp"', '#include "tools/stress/schedule.hpp"', "receive(bytes, now);"]:
        if list(faults_of_core("conversation.cpp", text)):
            yield f"the rule of the load tool's core forbids {text}"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    faults = list(check_the_rule())
    count = 0
    for folder, rooms, forbidden in ROOMS:
        files = sorted(path for path in (root / folder).rglob("*") if path.suffix in {".hpp", ".cpp", ".h"})
        if not files:
            faults.append(f"{folder} has no files")
        for path in files:
            for number, header in includes(path.read_text()):
                count += 1
                if reason := faults_of(header, rooms, forbidden):
                    faults.append(f"{path.relative_to(root)}:{number}: {header} {reason}")
    for name in CORE:
        for path in sorted((root / "tools/stress").glob(f"{name}.?pp")):
            faults += [f"tools/stress/{fault}" for fault in faults_of_core(path.name, path.read_text())]
    for twin in ["sync", "async"]:
        for path in sorted((root / twin).glob("*.?pp")):
            for number, header in includes(path.read_text()):
                count += 1
                engine = re.match(rf"{twin}/[^/]+/", header) and path.name != "io.hpp"
                if engine or is_one_of(TEXT_MAY_NOT, header):
                    faults.append(f"{path.relative_to(root)}:{number}: {header} is not for the text of the twins")
    print("\n".join(faults) if faults else f"{count} includes: each room knows what it may know")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
