#!/usr/bin/env python3
"""The tools on a terminal: no line is wider, the table names the columns it leaves out, and rows appear as levels end.

REVECHO_PROGRAMS names the directory of the built programs.
"""
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
from processes import PATIENCE, Server, program_directory

QUICKLY = ["--duration", "200ms"]


class Terminal:
    """A program at a terminal of so many columns, which is its stdout and its stderr."""

    def __init__(self, columns, *command):
        self.main, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen([program_directory() / command[0], *command[1:]], stdin=subprocess.DEVNULL, stdout=other,
                                        stderr=other, env={**os.environ, "TERM": "xterm"}, start_new_session=True)
        os.close(other)
        self.written = b""

    def read(self):
        """Some more; False at the end."""
        try:
            some = os.read(self.main, 65536)
        except OSError:  # EIO: nobody has it open any more
            some = b""
        self.written += some
        return bool(some)

    def read_until(self, pattern):
        while not re.search(pattern, self.text()):
            if not self.read():
                raise AssertionError(f"ended without {pattern}:\n{self.text()}")

    def finish(self):
        while self.read():
            pass
        os.close(self.main)
        return self.process.wait(PATIENCE)

    def text(self):
        """The visible text: the last state of each line that was overwritten."""
        lines = self.written.decode(errors="replace").replace("\r\n", "\n").split("\n")
        return "\n".join(line.split("\r")[-1] for line in lines)

    def states(self):
        """All that was ever in a line."""
        return re.split(r"[\r\n]+", self.written.decode())


class Tools(unittest.TestCase):
    def setUp(self):
        server = self.enterContext(Server("revecho-epoll-server"))
        self.address = f"127.0.0.1:{server.port}"

    def stress(self, columns, *options):
        terminal = Terminal(columns, "revecho-stress", self.address, *QUICKLY, *options)
        self.assertEqual(terminal.finish(), 0, terminal.text())
        return terminal

    def check_width(self, terminal, columns):
        for line in terminal.states():
            self.assertLessEqual(len(line), columns, line)

    def test_stress_fits(self):
        for columns in (80, 120):
            for more in ([], ["--rate", "500"]):
                with self.subTest(columns=columns, more=more):
                    terminal = self.stress(columns, "--clients", "2,1000", *more)
                    self.check_width(terminal, columns)
                    text = terminal.text()
                    for title in ("clients", "replies", "p50", "p99", "wrong", "lost"):
                        self.assertRegex(text.split("\n")[0], rf"\b{title}\b")
                    self.assertRegex(text, rf"\nLeft out to fit {columns} columns: [^;]*1st\s+reply\s+p99")

    def test_stress_leaves_nothing_out_where_there_is_room(self):
        text = self.stress(200, "--clients", "2", "--rate", "500").text()
        self.assertNotIn("Left out", text)
        for title in ("p90", "p99.9", "service p50", "service p99", "tool p99", "1st reply p99", "unconnected", "closed early", "missed", "unserved"):
            self.assertIn(title, text.split("\n")[0])

    def test_stress_aligns_rows_that_come_later(self):
        lines = self.stress(120, "--clients", "2,1000").text().split("\n")
        rows = [line for line in lines if re.match(r" *(2|1000)  ", line)]
        self.assertEqual(len(rows), 2, lines)
        self.assertEqual({len(lines[0]), len(lines[1])}, {len(row) for row in rows})

    def test_stress_gives_a_row_and_its_remarks_before_the_next_level(self):
        terminal = Terminal(80, "revecho-stress", self.address, "--duration", "300ms", "--clients", "2,3,4")
        terminal.read_until(r"\n +2  ")
        self.assertNotRegex(terminal.text(), r"\n +4  ")
        self.assertEqual(terminal.finish(), 0)
        text = terminal.text()
        order = [text.index(part) for part in ("\n      2  ", "\n2 clients: ", "\n      3  ", "\n3 clients: ", "\n      4  ")]
        self.assertEqual(order, sorted(order), text)

    def test_compare_fits(self):
        for columns in (80, 120):
            with self.subTest(columns=columns):
                names = [f"a server with the number {i}" for i in range(5)]
                terminal = Terminal(columns, "revecho-compare", "--clients", "1,20", "--repeat", "1", "--duration", "200ms",
                                    *(word for name in names for word in ("--against", f"{name}={self.address}")))
                self.assertEqual(terminal.finish(), 0, terminal.text())
                self.check_width(terminal, columns)
                text = terminal.text()
                self.assertEqual("Left out to fit 80 columns: " in text, columns == 80, text)
                titles = [line for line in text.split("\n") if line.startswith("replies/s  ")]
                self.assertGreater(len(titles), 1)  # nobody is left out
                for name in names:
                    self.assertEqual(sum(name in title for title in titles), 1)


if __name__ == "__main__":
    unittest.main()
