"""What every program of ours answers to --help, to --version and to nonsense."""
import os
import unittest

from processes import TestCase, program_directory, run

ALWAYS_THERE = {"revecho-sync-server", "revecho-async-server", "revecho-sync-client", "revecho-async-client"}


def programs():
    files = [path for path in program_directory().glob("revecho-*") if path.is_file()]
    return sorted(path.name for path in files if os.access(path, os.X_OK))


class CommandLine(TestCase):
    def on_every_program(self, check):
        for program in programs():
            with self.subTest(program=program):
                check(program)

    def test_the_servers_and_the_clients_are_there(self):
        self.assertEqual(ALWAYS_THERE - set(programs()), set())

    def test_help_is_on_stdout_and_has_examples(self):
        def check(program):
            result = run(program, "--help")
            self.assertEqual((result.stderr, result.returncode), (b"", 0))
            for expected in ("Usage: " + program, "Examples:", "--version"):
                self.assertIn(expected, result.stdout.decode())

        self.on_every_program(check)

    def test_version_is_on_stdout_with_the_name_of_the_program(self):
        def check(program):
            result = run(program, "--version")
            self.assertEqual((result.stderr, result.returncode), (b"", 0))
            self.assertRegex(result.stdout.decode(), rf"\A{program} \d+\.\d+\.\d+\n\Z")

        self.on_every_program(check)

    def test_all_programs_have_the_same_version(self):
        self.assertEqual(len({run(program, "--version").stdout.split()[1] for program in programs()}), 1)

    def test_an_unknown_option_is_named_on_stderr_and_exits_2(self):
        def check(program):
            result = run(program, "--no-such-option")
            self.assertEqual((result.stdout, result.returncode), (b"", 2))
            self.assertIn(b"--no-such-option", result.stderr)

        self.on_every_program(check)


if __name__ == "__main__":
    unittest.main()
