#!/usr/bin/env python3
"""shared/ knows no sockets: no file in it includes asio, a system socket header, or either twin.

usage: purity_test.py [SOURCE_ROOT]
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')

FORBIDDEN = re.compile(
    r"(boost/)?asio(\.hpp|/.*)"
    r"|sys/(socket|epoll|poll|select|event|un|uio|sendfile)\.h"
    r"|(netinet|arpa|net)/.*"
    r"|(linux|asm)/.*"
    r"|(poll|netdb|ifaddrs|liburing|resolv)\.h"
    r"|(sync|async|tools)/.*")

# What the pattern must and must not find: a test that finds nothing is only worth something if it could.
MUST_FIND = ["asio.hpp", "asio/ip/tcp.hpp", "boost/asio.hpp", "sys/socket.h", "netinet/in.h", "netinet/tcp.h",
             "arpa/inet.h", "netdb.h", "poll.h", "sys/epoll.h", "async/io.hpp", "sync/session.hpp"]
MUST_NOT_FIND = ["shared/decoder.hpp", "unistd.h", "csignal", "sys/resource.h", "fmt/format.h"]


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found.group(1)


def main():
    faults = [f"the pattern misses {name}" for name in MUST_FIND if not FORBIDDEN.fullmatch(name)]
    faults += [f"the pattern finds {name}" for name in MUST_NOT_FIND if FORBIDDEN.fullmatch(name)]
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if root.is_file():
        root = root.parent.parent
    files = sorted(path for path in (root / "shared").rglob("*") if path.suffix in {".hpp", ".cpp", ".h"})
    count = 0
    for path in files:
        for number, header in includes(path.read_text()):
            count += 1
            if FORBIDDEN.fullmatch(header):
                faults.append(f"{path.relative_to(root)}:{number}: includes {header}")
    if not count:
        faults.append(f"no includes found below {root / 'shared'}")
    print("\n".join(faults) if faults else f"{len(files)} files in shared/, {count} includes: no asio, no sockets")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
