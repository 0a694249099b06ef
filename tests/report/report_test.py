#!/usr/bin/env python3
"""The report of revecho-compare, opened in Chromium without a network.

The environment variable REPORT_OF names the built program tests/report_of; pictures of the page are left in the folder
that REPORT_PICTURES names. To run it by hand:
    REPORT_OF=build/release/tests/report_of REPORT_PICTURES=/tmp/report python3 -B tests/report/report_test.py -v
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser
import sample

SKIPPED = 77  # as tests/CMakeLists.txt says
UNKNOWN = "not known: the server was not started by this program"

MEASURES = [  # the columns of the table of runs: key, title, how it is written
    ("rate", "replies/s", "count"), ("replies", "replies", "exact"), ("mean_us", "mean", "time"),
    ("p50_us", "p50", "time"), ("p90_us", "p90", "time"), ("p99_us", "p99", "time"), ("p99_9_us", "p99.9", "time"),
    ("p99_99_us", "p99.99", "time"), ("max_us", "max", "time"), ("censored", "censored", "percent"),
    ("first_reply_p99_us", "first reply p99", "time"), ("accept_max_us", "accept max", "time"),
    ("cpu_us", "CPU", "time"),
    ("cpu_user_us", "user", "time"), ("cpu_system_us", "system", "time"), ("processor_us", "of all", "time"),
    ("disturbed", "disturbed", "exact"), ("context_switches", "switches", "exact"),
    ("threads", "threads", "exact"), ("busiest_loop_share", "busiest loop", "percent"),
    ("busiest_loop_connections", "its connections", "percent"),
    ("peak_memory_bytes", "peak memory", "bytes"),
    ("memory_per_connection_bytes", "memory/connection", "bytes"), ("unserved", "unserved", "exact"),
    ("wrong", "wrong", "exact"), ("lost", "lost", "exact"), ("late", "late", "exact"),
    ("tool_limited", "tool limited", "exact")]

# The share of the latencies that are below them: above the uncensored share they are only lower bounds.
BELOW = {"p50_us": 0.5, "p90_us": 0.9, "p99_us": 0.99, "p99_9_us": 0.999, "p99_99_us": 0.9999, "max_us": 1}


def is_at_least(key, censored):
    return censored > 0 and (key == "mean_us" or BELOW.get(key, 0) > 1 - censored)


UNITS = {
    "count": ([("", 1), ("k", 1e3), ("M", 1e6), ("G", 1e9)], ""),
    "time": ([("ns", 1e-3), ("µs", 1), ("ms", 1e3), ("s", 1e6)], " "),
    "bytes": ([("B", 1), ("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30)], " "),
}


def check_written(test, text, value, kind):
    """The text says the value, with three digits or more and the right unit."""
    if kind == "exact":
        test.assertAlmostEqual(float(text.replace(",", "")), value, delta=0.005001)
        return
    if kind == "percent":
        test.assertAlmostEqual(float(text.removesuffix(" %")), 100 * value, delta=0.050001)
        return
    if value == 0:
        test.assertIn(text, ("0", "0 B"))
        return
    units, gap = UNITS[kind]
    name = text.lstrip("0123456789.")
    factor = dict((gap + unit if unit else unit, factor) for unit, factor in units)[name]
    shown = float(text.removesuffix(name))
    test.assertAlmostEqual(shown * factor, value, delta=value * 0.0051 + 0.0051 * units[0][1], msg=text)
    test.assertGreaterEqual(shown, 1 if factor > units[0][1] else 0, text)
    test.assertLess(shown, 1024 if kind == "bytes" else 1000, text)


# Each pixel that is not grey: axes, grid and words are, lines and bars are not.
COLORED_PIXELS = """
  return [...document.querySelectorAll("canvas")].map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let colored = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b, a] = data.slice(i, i + 4);
      if (a > 128 && Math.max(r, g, b) - Math.min(r, g, b) > 60) ++colored;
    }
    return { label: canvas.getAttribute("aria-label"), role: canvas.getAttribute("role"), colored };
  });"""

# The tables of runs: [scenario, titles, [[contestant, [[run, [[text, values], …]], …]], …]]
RUNS = """
  return [...document.querySelectorAll("#runs table")].map((table) => [table.caption.textContent,
    [...table.tHead.rows[0].cells].map((cell) => cell.textContent),
    [...table.tBodies].map((body) => [body.querySelector("th[scope=rowgroup]").textContent,
      [...body.rows].map((row) => [row.querySelector("th[scope=row]")?.textContent ?? "failure",
        [...row.querySelectorAll("td")].map((cell) => [
          [...cell.querySelectorAll("data")].map((data) => data.textContent),
          [...cell.querySelectorAll("data")].map((data) => +data.value), cell.textContent])])])]);"""

FOCUSED = """
  const at = document.activeElement;
  return at.id || at.getAttribute("aria-label") || at.getAttribute("aria-labelledby") || at.textContent.trim();"""


class ReportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.pictures = pathlib.Path(os.environ.get("REPORT_PICTURES", cls.folder.name))
        cls.pictures.mkdir(parents=True, exist_ok=True)
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def show(self, document, width=1200, height=900, scheme="light"):
        """Opens the report of a document. Whatever is in it, the page logs no error and asks nobody for anything."""
        page = pathlib.Path(self.folder.name) / "report.html"
        made = subprocess.run([os.environ["REPORT_OF"]], input=json.dumps(document).encode(), capture_output=True,
                              timeout=browser.PATIENCE)
        self.assertEqual((made.returncode, made.stderr), (0, b""))
        page.write_bytes(made.stdout)
        self.browser.screen(width, height, scheme)
        self.browser.open(page)
        browser.wait_until(lambda: self.browser.run("return document.readyState === 'complete'"), "the page is loaded")
        self.addCleanup(self.check_quiet)
        return made.stdout.decode()

    def check_quiet(self):
        self.assertEqual([entry for entry in self.browser.log() if entry["level"] in ("SEVERE", "WARNING")], [])
        asked = self.browser.run("return performance.getEntriesByType('resource').map(({ name }) => name)")
        self.assertEqual(asked, [])

    def check_drawn(self, least):
        charts = self.browser.run(COLORED_PIXELS)
        self.assertGreaterEqual(len(charts), least)
        for chart in charts:
            with self.subTest(chart=chart["label"]):
                self.assertEqual(chart["role"], "img")
                self.assertRegex(chart["label"], r"^(Line|Bar) chart, .+: .+ \d")
                self.assertGreater(chart["colored"], 300)

    def check_no_overflow(self, width):
        # Charts take on the new size a little later.
        browser.wait_until(lambda: self.browser.run("return document.documentElement.scrollWidth") == width,
                           f"the page is {width} pixels wide")

    def visible_sections(self):
        return self.browser.run("return [...document.querySelectorAll('section:not([hidden])')].map(({ id }) => id)")

    def test_says_first_what_came_out(self):
        document = sample.document()
        self.show(document)
        self.assertEqual(self.visible_sections()[0], "verdicts")
        said = self.browser.run("return [...document.querySelectorAll('#verdicts li')].map((li) => li.innerText)")
        self.assertEqual(said, document["verdicts"])
        self.assertLess(self.browser.run("return document.querySelector('#verdicts').getBoundingClientRect().top"), 300)

    def test_draws_every_chart(self):
        self.show(sample.document())
        # Three groups of scenarios, latency, CPU and memory, and a story.
        self.check_drawn(least=7)
        self.browser.picture(self.pictures / "light.png")

    def test_tells_the_contestants_apart_with_and_without_color(self):
        document = sample.document()
        self.show(document)
        seen = self.browser.run("""
          const canvas = [...document.querySelectorAll("canvas")].find((one) => one.ariaLabel.includes("no work:"));
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const colors = {};
          for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] === 255) {
              const name = "#" + [...data.slice(i, i + 3)].map((x) => x.toString(16).padStart(2, "0")).join("");
              colors[name] = (colors[name] ?? 0) + 1;
            }
          const all = getComputedStyle(document.documentElement);
          return [...document.querySelectorAll(".contestants li")].map((item) => {
            const own = all.getPropertyValue(item.style.getPropertyValue("--mine").slice(4, -1)).trim();
            return [item.querySelector("strong").textContent, own, colors[own] ?? 0,
              item.querySelector("line").getAttribute("stroke-dasharray"),
              item.querySelector("path").getAttribute("d")];
          });""")
        names, own, pixels, dashes, shapes = zip(*seen)
        self.assertEqual(list(names), [who["name"] for who in document["contestants"]])
        for distinct in (own, dashes, shapes):
            self.assertEqual(len(set(distinct)), len(names), distinct)
        self.assertGreater(min(pixels), 50, seen)

    def test_has_every_run_in_a_table(self):
        document = sample.document()
        self.show(document)
        tables = self.browser.run(RUNS)
        self.assertEqual([caption for caption, _, _ in tables],
                         [f"Runs: {one['name']}" for one in document["scenarios"]])
        for (caption, titles, bodies), scenario in zip(tables, document["scenarios"]):
            self.assertEqual(titles, ["contestant", "run", *(title for _, title, _ in MEASURES)])
            self.assertEqual([name for name, _ in bodies], [one["contestant"] for one in scenario["results"]])
            for (name, rows), result in zip(bodies, scenario["results"]):
                with self.subTest(table=caption, contestant=name):
                    self.check_result(rows, result)

    def check_result(self, rows, result):
        if result["failure"]:
            (title, [(_, _, text)]), *rows = rows
            self.assertEqual((title, text), ("failure", result["failure"]))
        if not result["runs"]:
            self.assertEqual(rows, [])
            return
        self.assertEqual([title for title, _ in rows],
                         ["median", *(f"run {i + 1}" for i in range(len(result["runs"])))])
        spreads = [result["summary"][key] for key, _, _ in MEASURES]
        for spread, cell, (key, _, kind) in zip(spreads, rows[0][1], MEASURES, strict=True):
            figures = [] if spread is None else [spread["median"]] if spread["low"] == spread["high"] else [
                spread["median"], spread["low"], spread["high"]]
            self.check_cell(cell, figures, kind, is_at_least(key, result["summary"]["censored"]["median"]))
        for run, (_, cells) in zip(result["runs"], rows[1:], strict=True):
            for (key, _, kind), cell in zip(MEASURES, cells, strict=True):
                figures = [] if run[key] is None else [run[key]]
                self.check_cell(cell, figures, kind, is_at_least(key, run["censored"]))

    def check_cell(self, cell, figures, kind, at_least):
        texts, values, whole = cell
        self.assertEqual(values, figures)
        if not figures:
            self.assertEqual(whole, "–")
        self.assertEqual(whole.startswith(">"), at_least and bool(figures))
        for text, value in zip(texts, figures, strict=True):
            check_written(self, text, value, kind)

    def test_says_of_how_many_latencies_a_percentile_is_or_would_be(self):
        document = sample.document()
        scenario = document["scenarios"][2]
        result = scenario["results"][3]
        for figures in (result["summary"], *result["runs"]):
            figures["p99_99_us"] = None
        self.show(document)
        place = [key for key, _, _ in MEASURES].index("p99_99_us")
        def cells(contestant):
            return self.browser.run("""
              const [scenario, contestant, place] = arguments;
              const table = [...document.querySelectorAll("#runs table")]
                .find((one) => one.caption.textContent === `Runs: ${scenario}`);
              const body = [...table.tBodies].find((one) => one.rows[0].cells[0].textContent === contestant);
              return [...body.rows].map((row) => [...row.querySelectorAll("td")][place])
                .map((cell) => [cell.textContent, cell.className, cell.title, getComputedStyle(cell).color]);""",
                scenario["name"], contestant, place)
        for text, kind, title, color in cells(result["contestant"]):
            self.assertEqual((text, kind), ("–", "unknown"))
            self.assertRegex(title, r"^fewer than ten of [\d,]+ latencies are beyond it")
            grey = color
        for (text, kind, title, color), run in zip(cells("sync threads")[1:], scenario["results"][2]["runs"]):
            self.assertNotEqual((text, kind, color), ("–", "unknown", grey))
            latencies = round(run["replies"] / (1 - run["censored"]))
            self.assertEqual(title, f"of {latencies:,} latencies")
        words, tips = self.browser.run("""
          const { canvas, chart } = charts.find(({ canvas }) => canvas.ariaLabel.includes("latency by percentile"));
          const { label } = chart.options.plugins.tooltip.callbacks;
          return [canvas.ariaLabel, chart.data.datasets.map((dataset) => label({ dataset, raw: dataset.data[0] }))];""")
        self.assertEqual(words.count("99.99 %"), 2)  # threads and proxy: the others have too few
        for tip in tips:
            self.assertRegex(tip, r", of [\d,]+ latencies in each run$")

    def test_shows_rates_that_the_load_tool_limited_as_lower_bounds(self):
        document = sample.document()
        name = "async(1)"
        for scenario in document["scenarios"]:
            for result in scenario["results"]:
                if result["contestant"] == name:
                    result["summary"]["tool_limited"] = {"median": 1, "low": 1, "high": 1}
                    for run in result["runs"]:
                        run["tool_limited"] = 1
        self.show(document)
        for _, _, bodies in self.browser.run(RUNS):
            for contestant, rows in bodies:
                for title, cells in rows:
                    if title != "failure":
                        self.assertEqual(cells[0][2].startswith("≥ "), contestant == name, (contestant, cells[0]))
        marks = self.browser.run("""return [...document.querySelectorAll("#glance tbody td:nth-child(5)")].map(
          (cell) => [cell.className, cell.textContent])""")
        for kind, text in marks:
            self.assertRegex(text, "^(★ )?≥ ", kind)  # never as a tie
        seen = self.browser.run("""
          return charts.filter(({ canvas }) => canvas.ariaLabel.includes("replies a second")).map(({ canvas, chart }) =>
            [canvas.ariaLabel, canvas.closest("figure").querySelector(".note").textContent, chart.config.type,
              chart.data.datasets.map((dataset) => [dataset.label, dataset.pointBackgroundColor,
                dataset.data.map(({ text }) => text)]),
              getComputedStyle(document.documentElement).getPropertyValue("--surface").trim()]);""")
        self.assertEqual({kind for _, _, kind, _, _ in seen}, {"line", "bar"})
        for words, note, kind, datasets, surface in seen:
            with self.subTest(chart=words):
                self.assertRegex(words, r"async\(1\) ≥ ")
                self.assertNotRegex(words, r"sync threads ≥ ")
                self.assertIn("at least; the load tool was the limit", note)
                if kind == "line":
                    for label, points, _ in datasets:
                        self.assertEqual(set(points) == {surface}, label == name, label)
                else:
                    texts = datasets[0][2]
                    self.assertEqual([text.startswith("≥ ") for text in texts],
                                     [who["name"] == name for who in document["contestants"]])

    def test_shows_at_a_glance_who_was_not_served(self):
        document = sample.document()
        self.show(document)
        rows = self.browser.run("""return [...document.querySelectorAll("#glance tbody tr")].map((row) =>
          [...row.querySelectorAll("td")].map((cell) => [+cell.querySelector("data")?.value,
            cell.querySelector("small")?.textContent ?? "", cell.className]));""")
        for scenario, cells in zip(document["scenarios"], rows, strict=True):
            for result, (rate, small, kind) in zip(scenario["results"], cells, strict=True):
                with self.subTest(scenario=scenario["name"], contestant=result["contestant"]):
                    if result["failure"]:
                        self.assertEqual((rate, small), (None, ""))
                        continue
                    unserved = result["summary"]["unserved"]["median"]
                    self.assertEqual(rate, result["summary"]["rate"]["median"])
                    self.assertEqual(small, f"{unserved} not served" if unserved else "")
                    self.assertEqual(kind == "best", result["contestant"] in scenario["verdict"]["tied"])

    def test_has_every_figure_of_a_story_in_a_table(self):
        document = sample.document()
        self.show(document)
        rows = self.browser.run("""return [...document.querySelectorAll("#stories tbody tr")].map((row) =>
          [row.querySelector("th").textContent, ...[...row.querySelectorAll("data")].map((data) => +data.value)]);""")
        self.assertEqual(rows, [[row["label"], *(row["seconds"][key] for key in ("median", "low", "high"))]
                                for row in document["stories"][0]["rows"]])

    def test_names_machine_build_and_command(self):
        document = sample.document()
        self.show(document)
        text = self.browser.run("return document.querySelector('#reproduce').innerText")
        for part in ("1 core with 2 processors", "powersave, boost on", "PREEMPT_DYNAMIC", "1.5 processors", "load of 0.4",
                     "spectre_v2: Mitigation: Retpolines", document["warnings"][0], "AMD EPYC 7B13", "Linux 6.1.0-18-amd64", "7.77 GiB", "0.1.0", "GNU 12.2.0", "Release", "8 min 8 s",
                     "servers on CPU 0, the load on CPU 1", document["config"]["command"]):
            self.assertIn(part, text)
        document["config"].update(server_cpus=None, tool_cpus=None)
        self.show(document)
        text = self.browser.run("return document.querySelector('#reproduce').innerText")
        self.assertIn("could not be kept apart", text)

    def test_says_of_each_scenario_whose_processors_were_whose_if_they_differ(self):
        document = sample.document()
        document["scenarios"][0].update(server_cpus=[0, 2], tool_cpus=[1, 3])
        document["scenarios"][1].update(server_cpus=[0, 1, 2, 3], tool_cpus=[0, 1, 2, 3])
        self.show(document)
        said = self.browser.run("return [...document.querySelectorAll('#runs summary span')].map((one) => one.textContent)")
        self.assertIn("servers on CPU 0, 2, the load on CPU 1, 3", said[0])
        self.assertIn("servers and load share CPU 0, 1, 2, 3", said[1])
        self.assertNotIn("CPU", said[2])
        text = self.browser.run("return document.querySelector('#reproduce').innerText")
        self.assertIn("as each scenario says", text)
        self.assertNotIn("servers on CPU 0, the load on CPU 1", text)

    def test_names_what_failed(self):
        document = sample.document()
        document["ok"] = False
        document["scenarios"][2]["results"][3]["runs"][1]["wrong"] = 3
        document["stories"][0].update(rows=[], text="cannot run it")
        self.show(document)
        text = self.browser.run("return document.querySelector('#failures').innerText")
        self.assertIn("sync iterative, 10 clients, 10 ms of work:", text)
        self.assertIn("error: out of descriptors", text)
        self.assertIn("async(1), 100 clients, 10 ms of work: 3 wrong", text)
        self.assertIn(f"{document['stories'][0]['title']}:\ncannot run it", text)

    def test_tells_what_contestants_add_to_the_latency_of_the_first(self):
        document = sample.document()
        scenario = document["scenarios"][2]  # shown first
        scenario["baseline"] = "sync threads"
        scenario["results"][4]["added"] = {
            "p50_us": {"median": 25.0, "low": 21.5, "high": 30.0, "level": 0.9375, "significant": True}, "p99_us": None}
        scenario["results"][3]["added"] = {
            "p50_us": {"median": -1500.0, "low": -2000.0, "high": 0.0, "level": 0.9375, "significant": False},
            "p99_us": {"median": 2.0, "low": 1.0, "high": 3.0, "level": 0.9375, "significant": True}}
        self.show(document)
        rows = self.browser.run("""return [...document.querySelectorAll("table.added tbody tr")].map((row) =>
          [...row.cells].map((cell) => cell.textContent));""")
        self.assertEqual(rows, [
            ["async(1)", "−1.5 ms−2 ms to 0, not significant", "+2 µs+1 µs to +3 µs"],
            ["my proxy", "+25 µs+21.5 µs to +30 µs", "–"]])
        self.assertIn("Latency compared with sync threads",
                      self.browser.run("return document.querySelector('#closer').innerText"))
        self.browser.picture(self.pictures / "added.png")
        self.browser.screen(360, 740)
        self.check_no_overflow(360)

    def test_looks_at_the_chosen_scenario(self):
        document = sample.document()
        self.show(document)
        def shown():
            return self.browser.run("""return [document.querySelector("#scenario").selectedOptions[0].textContent,
              document.querySelector("#scenario-verdict").textContent,
              [...document.querySelectorAll("#closer canvas")].map((one) => one.ariaLabel.split(":")[0]).join("; ")]""")
        name, verdict, charts = shown()
        self.assertEqual(name, "100 clients, 10 ms of work")  # the most clients
        self.assertEqual(verdict, document["scenarios"][2]["verdict"]["text"])
        self.assertEqual(charts.count(name), 3)
        self.browser.run("document.querySelector('#scenario').focus()")
        self.browser.press("\ue015")
        browser.wait_until(lambda: shown()[0] != name, "the arrow key chooses the next scenario")
        name, verdict, charts = shown()
        self.assertEqual(name, "1 client, no work")
        self.assertEqual(verdict, document["scenarios"][3]["verdict"]["text"])
        self.assertEqual(charts.count(name), 3)
        self.check_drawn(least=7)

    def test_can_be_used_with_the_keyboard(self):
        document = sample.document()
        self.show(document)
        reached = []
        while len(reached) < 100:
            self.browser.press("\ue004")
            if (at := self.browser.run(FOCUSED)) in reached[:1]:
                break
            reached.append(at)
        for control in ("glance-title", "scenario", "Runs: 100 clients, 10 ms of work", "Copy",
                        f"Table: {document['stories'][0]['title']}"):
            self.assertIn(control, reached)
        for scenario in document["scenarios"]:
            self.assertTrue([one for one in reached if one.startswith(scenario["name"])], scenario["name"])

    def test_fits_on_a_phone(self):
        self.show(sample.document(), width=360, height=740)
        self.check_no_overflow(360)
        self.check_drawn(least=7)
        self.browser.picture(self.pictures / "phone.png")
        self.browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        self.check_no_overflow(360)

    def test_is_dark_where_that_is_liked(self):
        def background():
            rgb = self.browser.run("return getComputedStyle(document.body).backgroundColor")
            return sum(map(int, rgb.removeprefix("rgb(").removesuffix(")").split(","))) / 3
        self.show(sample.document())
        self.assertGreater(background(), 200)
        light = self.browser.run("return document.querySelector('canvas').toDataURL()")
        self.browser.screen(1200, 900, "dark")
        self.assertLess(background(), 50)
        browser.wait_until(lambda: self.browser.run("return document.querySelector('canvas').toDataURL()") != light,
                           "the charts are drawn again in the colors for the dark")
        self.check_drawn(least=7)
        self.browser.picture(self.pictures / "dark.png")

    def test_is_white_on_paper(self):
        self.show(sample.document(), scheme="dark")
        # What happens around the printing is seen from inside of the page, as it is over when the command ends.
        self.browser.run("""
          addEventListener("beforeprint", () => { window.printed = {
            open: document.querySelectorAll("details:not([open])").length === 0,
            ink: getComputedStyle(document.documentElement).getPropertyValue("--ink").trim(),
            chart: document.querySelector("canvas").toDataURL() }; });""")
        on_screen = self.browser.run("return document.querySelector('canvas').toDataURL()")
        pdf = self.browser.developer("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]
        (self.pictures / "paper.pdf").write_bytes(browser.base64.b64decode(pdf))
        printed = self.browser.run("return window.printed")
        self.assertNotEqual(printed.pop("chart"), on_screen)
        self.assertEqual(printed, {"open": True, "ink": "#171a21"})
        self.assertEqual(self.browser.run("return document.querySelector('canvas').toDataURL()"), on_screen)
        self.assertGreater(self.browser.run("return document.querySelectorAll('details:not([open])').length"), 0)
        self.browser.screen(1200, 900, "dark", medium="print")
        self.assertEqual(self.browser.run("return getComputedStyle(document.documentElement)"
                                          ".getPropertyValue('--surface').trim()"), "#ffffff")

    def test_shows_what_is_in_the_names_as_text(self):
        hostile = "</script><b>x</b><!--<script>alert(1)</script>\u2028\"'&amp;\\u003c@report_js@ "
        def worse(name):
            return hostile + name
        document = sample.renamed(sample.document(), worse)
        document["config"]["command"] = hostile
        document["host"]["cpu"] = hostile
        document["scenarios"][0]["results"][0]["failure"] = hostile
        self.show(document)
        self.assertEqual(self.browser.run("return document.querySelectorAll('main b, main script').length"), 0)
        self.assertEqual(self.browser.run("return document.scripts.length"), 3)
        names = self.browser.run("""
          return [...document.querySelectorAll("#contestants strong")].map((one) => one.textContent);""")
        self.assertEqual(names, [who["name"] for who in document["contestants"]])
        self.assertEqual(self.browser.run("return document.querySelector('.command code').textContent"), hostile)
        self.assertIn(hostile, self.browser.run("return document.querySelector('#failures').textContent"))
        self.check_drawn(least=7)
        self.browser.screen(360, 740)
        self.check_no_overflow(360)

    def test_says_what_is_not_known(self):
        self.show(sample.only_foreign())
        closer = self.browser.run("return document.querySelector('#closer').innerText")
        self.assertEqual(closer.count(f"my proxy: {UNKNOWN}"), 2)  # CPU and memory
        self.assertNotIn("stories", self.visible_sections())
        titles = self.browser.run("return [...document.querySelectorAll('#runs thead')].map((one) => one.innerText)")
        self.assertNotIn("memory", " ".join(titles))
        self.check_drawn(least=4)
        self.assertEqual(self.browser.run("return document.querySelector('h1').textContent"), "Servers, side by side")
        text = self.browser.run("return document.querySelector('#reproduce').innerText")
        self.assertRegex(text, r"Placement\s+the load on CPU 1\n")
        self.assertNotIn("servers on", text)
        document = sample.only_foreign()
        document["contestants"][0]["pid"] = 1234
        self.show(document)
        text = self.browser.run("return document.querySelector('main').innerText")
        self.assertIn("process 1234, not started by this program", text)
        self.assertNotIn(UNKNOWN, text)

    def test_leaves_no_empty_section(self):
        self.show({"revecho_compare": 1, "ok": True})
        self.assertEqual(self.visible_sections(), [])
        bare = sample.document()
        bare.update(scenarios=[], stories=[{"name": "none", "title": "None", "text": "", "rows": []}], verdicts=[])
        self.show(bare)
        self.assertEqual(self.visible_sections(), ["reproduce"])

    def test_keeps_the_notice_of_the_library(self):
        page = self.show(sample.document())
        self.assertRegex(page, r"/\*!\s+\* Chart\.js v\d")
        self.assertIn("Released under the MIT License", page)
        self.assertNotIn("sourceMappingURL", page)


if __name__ == "__main__":
    if not (browser.CHROMIUM and browser.DRIVER):
        print(f"skipped: {'chromedriver' if browser.CHROMIUM else 'chromium'} is not installed")
        sys.exit(SKIPPED)
    unittest.main()
