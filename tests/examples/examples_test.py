#!/usr/bin/env python3
"""The programs of docs/examples: they do what they show, and each exercise fails until it is solved.

REVECHO_PROGRAMS names the directory of the built programs.
"""
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
from processes import PATIENCE, program_directory, run

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples"
EXERCISES = EXAMPLES / "exercises"


def built(name):
    return str(program_directory() / "examples" / name)


class Examples(unittest.TestCase):
    def check_under_load(self, framing, *command):
        """Serves on a free port, which it prints, and answers every message rightly."""
        with subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, text=True) as server:
            try:
                port = server.stdout.readline().strip()
                end = run("revecho-stress", f"127.0.0.1:{port}", "--framing", framing, "--clients", "10", "--messages", "50")
            finally:
                server.kill()
        self.assertEqual(end.returncode, 0, end.stderr.decode() + end.stdout.decode())

    def test_decoder_finds_messages_in_pieces(self):
        self.assertEqual(run(built("decoder")).stdout.decode(),
                         "a read of 3 bytes: 0 complete\n"
                         "a read of 10 bytes: 1 complete\nolleH\n"
                         "a read of 10 bytes: 2 complete\n?uoy era woH\neyB\n")

    def test_plain_asio_reverses(self):
        self.check_under_load("raw", built("plain_asio"))

    def test_server_in_python_reverses_lines(self):
        self.check_under_load("line", sys.executable, EXAMPLES / "reverse_server.py")

    @unittest.skipUnless(shutil.which("node"), "node is not installed")
    def test_server_for_node_reverses_lines(self):
        self.check_under_load("line", "node", EXAMPLES / "reverse_server.js")


class Exercises(unittest.TestCase):
    def check(self, exercise, task, solution):
        def test(program):
            return subprocess.run([sys.executable, "-B", EXERCISES / exercise / "test.py", program],
                                  capture_output=True, text=True, timeout=2 * PATIENCE)

        solved = test(solution)
        self.assertEqual((solved.returncode, solved.stderr), (0, ""))
        unsolved = test(task)
        self.assertEqual(unsolved.returncode, 1)
        self.assertNotIn("Traceback", unsolved.stderr)
        self.assertEqual(len(unsolved.stderr.splitlines()), 1)  # what is wrong

    def test_cut_message(self):
        self.check("cut_message", built("cut_message"), built("cut_message_solution"))

    def test_blocked_loop(self):
        self.check("blocked_loop", built("blocked_loop"), built("blocked_loop_solution"))

    def test_coordinated_omission(self):
        self.check("omission", EXERCISES / "omission/load.py", EXERCISES / "omission/solution.py")


if __name__ == "__main__":
    unittest.main()
