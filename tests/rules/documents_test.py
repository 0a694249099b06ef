#!/usr/bin/env python3
"""The documents rule: links and file names in them exist, each --option is one and stands in one, and examples do what
they show.

A fenced block of `console` is run, in order, in the root of the project: lines with `$ ` are commands, and what follows
is their output, figures aside. A command that ends with & stays until the end of the block.

REVECHO_PROGRAMS names the directory of the built programs.
"""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
from processes import PATIENCE, program_directory, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests/README.md",
                    ROOT / "shared/protocol/PROTOCOL.md"])
OURS = r"(build/release/)?revecho-[a-z-]+|tools/(bench/run|soak)"
# Options of other programs that running text mentions.
OTHERS = {"--preset", "--write", "--headless", "--hide-scrollbars", "--window-size", "--screenshot"}


def blocks_of(text):
    """(info, lines) of each block of code, fenced or indented."""
    fenced = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
    for match in fenced.finditer(text):
        yield match[1], match[2].splitlines()
    for match in re.finditer(r"(?:^    .*\n)+", fenced.sub("", text), re.M):
        yield "", [line[4:] for line in match[0].splitlines()]


def prose_of(text):
    return re.sub(r"^    .*$", "", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), flags=re.M)


def anchors_of(document):
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text))


def known_options():
    programs = [path for path in program_directory().glob("revecho-*") if path.is_file() and os.access(path, os.X_OK)]
    commands = [[path] for path in programs] + [[ROOT / "tools/bench/run"], [ROOT / "tools/soak"]]
    known = {"--help"}
    for command in commands:
        end = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=PATIENCE)
        known |= options_in(end.stdout + end.stderr)
    return known


def commands_in(lines):
    """(command, output) of each command of a block."""
    result = []
    for line in lines:
        if line.startswith("$ "):
            result.append((line[2:], []))
        else:
            result[-1][1].append(line)
    return result


def without_figures(lines):
    """Figures, and what may stand for them, become #; the widths of columns do not count."""
    figure = r"(≥ |>|<)?(\d[\d.,]*( ?(k|M|ns|us|ms|s|%|B|KiB|MiB)\b)?(/s)?|(?<= )–)(?![\w.])"
    return [re.sub(r"(-{3,}| +)", " ", re.sub(figure, "#", line)).strip() for line in lines]


class Documents(unittest.TestCase):
    def on_every_document(self, check):
        self.assertGreater(len(DOCUMENTS), 8)
        for document in DOCUMENTS:
            with self.subTest(document=str(document.relative_to(ROOT))):
                check(document, document.read_text())

    def test_links_lead_somewhere(self):
        def check(document, text):
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"https?:", target):
                    continue
                name, _, anchor = target.partition("#")
                file = document.parent / name if name else document
                self.assertTrue(file.exists(), target)
                if anchor:
                    self.assertIn(anchor, anchors_of(file), target)

        self.on_every_document(check)

    def test_files_that_are_named_exist(self):
        def check(document, text):
            for name in re.findall(r"`((?:shared|sync|async|tools|tests|docs|cmake)/[\w./{},*-]+)`", text):
                found = [path for one in braces(name)
                         for path in ROOT.glob(one.rstrip("/") + ("" if "." in one.rpartition("/")[2] else "*"))]
                self.assertTrue(found, name)

        self.on_every_document(check)

    def test_options_exist(self):
        known = known_options()
        self.assertGreater(len(known), 50)

        def check(document, text):
            code = "\n".join(line for _, lines in blocks_of(text) for line in lines if re.match(rf"(\$ )?({OURS})\b", line))
            self.assertEqual(options_in(code) - known, set())
            inline = "\n".join(re.findall(r"`([^`]+)`", prose_of(text)))
            inline = "\n".join(line for line in inline.splitlines() if re.match(rf"--|{OURS}", line))
            self.assertEqual(options_in(inline) - known - OTHERS, set())

        self.on_every_document(check)

    def test_options_of_the_programs_are_documented(self):
        written = "\n".join(document.read_text() for document in DOCUMENTS)
        self.assertEqual(known_options() - options_in(written), {"--help"} - options_in(written))

    def test_examples_do_what_they_show(self):
        run = 0
        for document in DOCUMENTS:
            for info, lines in blocks_of(document.read_text()):
                if info == "console":
                    with self.subTest(document=str(document.relative_to(ROOT)), block=lines[0]):
                        self.check_example(lines)
                    run += 1
        self.assertGreater(run, 2)

    def check_example(self, lines):
        environment = {**os.environ, "PATH": f"{program_directory()}:{os.environ['PATH']}"}
        with contextlib.ExitStack() as stays:
            for command, output in commands_in(lines):
                process = subprocess.Popen(["bash", "-c", command.rstrip("& ")], cwd=ROOT, env=environment, text=True,
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                           start_new_session=True)
                stays.callback(end, process)
                if command.endswith("&"):
                    wait_until(lambda: listens_on_default_port() or process.poll() is not None, f"{command} listens")
                    self.assertIsNone(process.poll(), command)
                    continue
                written, _ = process.communicate(timeout=4 * PATIENCE)
                self.assertEqual(without_figures(written.splitlines()), without_figures(output), command)


def braces(name):
    """shared/{net,options}/x as a shell expands it."""
    if match := re.match(r"(.*?)\{(.*?)\}(.*)", name):
        return [whole for part in match[2].split(",") for whole in braces(match[1] + part + match[3])]
    return [name]


def listens_on_default_port():
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", 6789)) == 0


def end(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)


class Rules(unittest.TestCase):
    """A rule that finds nothing is only worth something if it could."""

    def test_figures_do_not_count_and_words_do(self):
        self.assertEqual(without_figures(["   50   1.2 ms  ≥ 12.3k/s  –"]), without_figures(["100  34 us  7k/s  3 s"]))
        self.assertNotEqual(without_figures(["50 wrong"]), without_figures(["50 lost"]))

    def test_blocks_are_found(self):
        text = "a `--one`\n\n    revecho-stress --two\n\n```console\n$ revecho-compare --three\nout\n```\n"
        self.assertEqual([info for info, _ in blocks_of(text)], ["console", ""])
        self.assertEqual(options_in(prose_of(text)), {"--one"})
        self.assertEqual(commands_in(["$ x", "y", "$ z"]), [("x", ["y"]), ("z", [])])


if __name__ == "__main__":
    unittest.main()
