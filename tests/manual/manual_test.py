#!/usr/bin/env python3
"""Manual pages: man reads them without a warning, and they have the options of --help. Completions: by the shells
themselves, bash and zsh with somebody who presses Tab.

REVECHO_PROGRAMS names the directory of the built programs.
"""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
from processes import PATIENCE, program_directory

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MANUAL = program_directory() / "manual"
PROGRAMS = sorted(page.stem for page in MANUAL.glob("*.1"))


def need(command):
    if not shutil.which(command):
        raise unittest.SkipTest(f"{command} is not installed")


def options_in(text):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*\b", text))


class Pages(unittest.TestCase):
    def setUp(self):
        need("man")

    def read(self, page):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MANROFFSEQ": "", "GROFF_NO_SGR": "1"}
        result = subprocess.run(["man", "--warnings=w", "--local-file", page], env=environment, text=True,
                                capture_output=True, timeout=PATIENCE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return re.sub(".\b", "", result.stdout)

    def test_each_program_has_one(self):
        self.assertEqual(PROGRAMS, sorted(p.name for p in program_directory().glob("revecho-*") if os.access(p, os.X_OK)))

    def test_they_have_the_options_of_help(self):
        for program in PROGRAMS:
            with self.subTest(program):
                text = self.read(MANUAL / f"{program}.1")
                self.assertRegex(text, rf"NAME\n\s+{program} - ")
                named = set()
                for line in re.findall(r"^       (-.*)", text, re.M):
                    named |= options_in(line)
                help = subprocess.run([program_directory() / program, "--help"], text=True, capture_output=True).stdout
                offered = set()
                for line in re.findall(r"^  (-\S+)", help, re.M):
                    offered |= options_in(line)
                self.assertEqual(named, offered)
                for section in ("SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"):
                    self.assertRegex(text, rf"(?m)^{section}$")

    def test_the_overview_names_all_programs(self):
        text = self.read(SOURCE / "docs/man/revecho.7")
        for program in PROGRAMS:
            self.assertIn(f"{program}(1)", text)


class Shell:
    """A shell at a terminal. It has functions in place of the programs, which print their arguments."""

    def __init__(self, command, setup):
        self.pid, self.main = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, {"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": "", "HOME": "/nonexistent"})
        self.written = ""
        self.run(setup + "; echo is-\"\"ready", "is-ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.main)  # a hang-up ends the shell
        os.waitpid(self.pid, 0)

    def run(self, line, expected):
        """Types the line, in which \\t is the Tab key, and waits for what it prints."""
        os.write(self.main, line.encode() + b"\n")
        while not (found := re.search(expected, self.written)):
            if not select.select([self.main], [], [], PATIENCE)[0]:
                raise AssertionError(f"no {expected} in:\n{self.written}")
            self.written += os.read(self.main, 65536).decode(errors="replace")
        self.written = self.written[found.end():]
        return found


class Completions(unittest.TestCase):
    def completes(self, shell):
        for program, typed, expected in (
                ("revecho-stress", "--framing li\t", "--framing line"),
                ("revecho-stress", "--half\t", "--half-close"),
                ("revecho-sync-server", "--model it\t", "--model iterative"),
                ("revecho-async-client", "--verb\t", "--verbose"),
                ("revecho-compare", f"--json {SOURCE}/CONTRIB\t", f"--json {SOURCE}/CONTRIBUTING.md")):
            with self.subTest(program=program, typed=typed):
                shell.run(f"{program} {typed}", rf"got {re.escape(expected)} *\r?\n")

    def test_bash(self):
        need("bash")
        setup = "".join(f"source {MANUAL}/bash/{p}; {p}() {{ echo got \"$@\"; }}; " for p in PROGRAMS)
        with Shell(["bash", "--norc", "--noprofile", "-i"], setup + "bind 'set bell-style none'") as shell:
            self.completes(shell)
            shell.run("revecho-stress --framing=li\t", r"got --framing=line *\r?\n")

    def test_zsh(self):
        need("zsh")
        setup = (f"fpath=({MANUAL}/zsh $fpath); autoload -U compinit; compinit -u -D; unsetopt beep; "
                 + "; ".join(f"{p}() {{ print -r -- got \"$@\" }}" for p in PROGRAMS))
        with Shell(["zsh", "-f", "-i"], setup) as shell:
            self.completes(shell)

    def test_fish(self):
        need("fish")
        for program, typed, expected in (("revecho-stress", "--framing ", {"raw", "line", "length", "eof"}),
                                         ("revecho-stress", "--half", {"--half-close"}),
                                         ("revecho-sync-server", "--model p", {"pool"})):
            with self.subTest(program=program, typed=typed):
                script = f"source {MANUAL}/fish/{program}.fish; complete -C '{program} {typed}'"
                result = subprocess.run(["fish", "--no-config", "-c", script], text=True, capture_output=True,
                                        timeout=PATIENCE, env={**os.environ, "HOME": "/nonexistent"})
                self.assertEqual({line.split("\t")[0] for line in result.stdout.splitlines()}, expected, result.stderr)


if __name__ == "__main__":
    unittest.main()
