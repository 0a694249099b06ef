// The parts of the page, from the top to the bottom.

function subtitle() {
  const { host = {}, config = {} } = results;
  if (!startsServers) {
    document.title = "revecho-compare: servers side by side";
    document.querySelector("h1").textContent = "Servers, side by side";
  }
  const started = new Date(config.started ?? NaN);
  const date = Number.isNaN(started.getTime()) ? null : element("time", { datetime: config.started },
    started.toLocaleString("en-US", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }) + " UTC");
  const machine = [host.cpu, host.cpus && `${host.cpus} CPU${host.cpus === 1 ? "" : "s"}`, host.kernel];
  document.getElementById("subtitle").append(
    machine.filter(Boolean).join(", "), ...(date ? [machine.some(Boolean) ? " · " : "", date] : []));
}

function verdicts() {
  if (results.verdicts?.length) show("verdicts", list({}, results.verdicts.map(sentence)));
}

function failures() {
  const failed = scenarios.flatMap((scenario) => (scenario.results ?? []).filter(({ failure }) => failure)
    .map(({ contestant, failure }) => element("div", {}, sentence(`${contestant}, ${scenario.name}:`),
      element("pre", {}, failure))));
  const faults = scenarios.flatMap((scenario) => (scenario.results ?? []).flatMap(({ contestant, runs }) =>
    ["wrong", "lost", "late"].flatMap((kind) => {
      const sum = (runs ?? []).reduce((all, run) => all + (run[kind] ?? 0), 0);
      return sum ? [sentence(`${contestant}, ${scenario.name}: ${exact(sum)} ${kind}`)] : [];
    })));
  // A story that came to nothing says why.
  const untold = (results.stories ?? []).filter(({ rows, text }) => text && !rows?.length)
    .map(({ title, name, text }) => element("div", {}, `${title ?? name}:`, element("pre", {}, text)));
  const all = [...failed, ...faults, ...untold];
  if (all.length) show("failures", list({}, all));
  else if (results.ok === false)
    show("failures", element("p", {}, "The comparison ended with a failure. What was measured until then is below."));
}

function introduce() {
  const there = contestants.filter(({ name }) => scenarios.some((scenario) => resultOf(scenario, name)));
  if (there.length === 0) return;
  show("contestants", element("ul", { class: "contestants" }, ...there.map((who) =>
    element("li", mine(who.name), swatch(who.name), element("div", {}, element("strong", {}, who.name),
      who.command ? command(who.command) : null,
      who.endpoint ? element("span", { class: "soft" }, `at ${who.endpoint}, ${who.pid ? `process ${who.pid}, ` : ""}not started by this program`) : null)))));
}

const isLimitedByTool = (scenario, name) => summary(resultOf(scenario, name), "tool_limited")?.median > 0;

function glance() {
  if (scenarios.length === 0 || contestants.length === 0) return;
  const rows = scenarios.map((scenario) => {
    const rates = contestants.map(({ name }) => summary(resultOf(scenario, name), "rate"));
    const most = Math.max(...rates.map((rate) => rate?.median ?? 0));
    const { winner = null, tied = [] } = scenario.verdict ?? {};
    return element("tr", {}, element("th", { scope: "row" }, scenario.name), ...contestants.map(({ name }, i) => {
      const isWinner = name === winner && rates.filter(Boolean).length > 1;
      const isTied = winner === null && tied?.length > 1 && tied.includes(name);
      const atLeast = isLimitedByTool(scenario, name);
      // Lower bounds are not as good as the best.
      const mark = isWinner ? "★ " : isTied && (scenario.rate || !atLeast) ? "≈ " : "";
      const failed = resultOf(scenario, name)?.failure;
      const unserved = summary(resultOf(scenario, name), "unserved")?.median;
      if (!rates[i]) return failed ? element("td", {}, "failed") : unknownCell();
      return element("td", { ...mine(name), "--share": most > 0 ? rates[i].median / most : 0, class: (isWinner || isTied) && "best" },
        mark && element("span", { class: "mark" }, mark), atLeast ? "≥ " : "",
        data(rates[i].median, count),
        unserved > 0 ? element("small", {}, `${exact(unserved)} not served`) : null);
    }));
  });
  show("glance",
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "glance-title" },
      element("table", { class: "glance" },
        element("caption", { class: "unseen" }, "The median rate of replies of each contestant in each scenario"),
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Scenario"),
          ...contestants.map(({ name }) => element("th", { scope: "col", ...mine(name) }, swatch(name), name)))),
        element("tbody", {}, ...rows))),
    element("p", { class: "lede" }, "★ best; ≈ no significant difference to the best, or none that matters; " +
      "≥ at least: the load tool was the limit. The bars are shares of the highest in the row. Clients that are not " +
      "served got no reply in the whole run."));
}

function throughput() {
  const groups = new Map();
  for (const scenario of scenarios) {
    const key = scenario.group ?? scenario.name;
    groups.set(key, [...(groups.get(key) ?? []), scenario]);
  }
  const figures = [...groups].flatMap(([group, members]) => {
    const clients = [...new Set(members.map((scenario) => scenario.clients))].sort((a, b) => a - b);
    const series = contestants.map(({ name }) => [name, members.flatMap((scenario) => {
      const rate = summary(resultOf(scenario, name), "rate");
      const atLeast = isLimitedByTool(scenario, name);
      return rate ? [{ x: scenario.clients, y: rate.median, ...rate, atLeast }] : [];
    }).sort((a, b) => a.x - b.x)]).filter(([, points]) => points.length);
    if (series.length === 0) return [];
    const words = series.map(([name, points]) =>
      `${name} ${points.map(({ x, y, atLeast }) => `${atLeast ? "≥ " : ""}${count(y)} at ${exact(x)}`).join(", ")}`)
      .join("; ");
    const isBound = series.some(([, points]) => points.some(({ atLeast }) => atLeast));
    const about = (sign) => isBound ? `. ${sign}: at least; the load tool was the limit` : "";
    if (clients.length === 1) {
      const rows = series.map(([name, [point]]) =>
        ({ label: name, style: styles.get(name), parts: [point.y], ...point }));
      return [figure({
        title: group, bars: rows.length,
        note: `Replies a second with ${clientsOf(members[0])}${about("≥")}`,
        label: `Bar chart, replies a second with ${clientsOf(members[0])}, ${group}: ${words}`,
        make: () => bars(rows, ["replies/s"], count),
      })];
    }
    const far = clients.at(-1) >= 10 * clients[0];
    return [figure({
      title: group,
      note: `Replies a second against clients${about("Hollow")}`,
      label: `Line chart, replies a second against clients, ${group}: ${words}`,
      names: series.map(([name]) => name),
      make: () => lines(series, givenAxis(far ? "clients (logarithmic)" : "clients", clients, exact, far),
        "replies a second", count, ({ x }) => `${exact(x)} client${x === 1 ? "" : "s"}`),
    })];
  });
  show("throughput", ...figures);
}

const percentiles = [["p50_us", 2, "50 %"], ["p90_us", 10, "90 %"], ["p99_us", 100, "99 %"],
  ["p99_9_us", 1000, "99.9 %"], ["p99_99_us", 10000, "99.99 %"]];

/// The percentiles that so many latencies can tell; and the longest of n stands at 1 - 1/n.
function percentilePoints(result) {
  const censored = summary(result, "censored")?.median ?? 0;
  const latencies = latenciesOf(summary(result, "replies")?.median, censored);
  const point = (key, x, name) => {
    const found = summary(result, key);
    const atLeast = isAtLeast(key, censored);
    return found?.median > 0 ? [{ x, y: found.median, ...found, name, latencies, atLeast }] : [];
  };
  return [
    ...percentiles.filter(([, x]) => x <= latencies).flatMap(([key, x, name]) => point(key, x, name)),
    ...(latencies >= 1 ? point("max_us", latencies, "the slowest") : []),
  ].sort((a, b) => a.x - b.x);
}

function latencyFigure(scenario) {
  const series = contestants.map(({ name }) => [name, percentilePoints(resultOf(scenario, name))])
    .filter(([, points]) => points.length);
  if (series.length === 0) return [];
  const most = Math.max(...series.flatMap(([, points]) => points.map(({ x }) => x)));
  const ticks = [[1, "0 %"], ...percentiles.map(([, x, name]) => [x, name]), [1e5, "99.999 %"], [1e6, "99.9999 %"]];
  const end = Math.max(most, 100) * 1.4;
  const shown = ticks.filter(([x]) => (x > 1 || series.some(([, points]) => points[0].x < 2)) && x < end);
  const words = series.map(([name, points]) =>
    `${name} ${points.map(({ name: at, y, atLeast }) => `${at} ${atLeast ? "at least " : ""}${time(y)}`).join(", ")}`)
    .join("; ");
  return [figure({
    title: `Latency by percentile: ${scenario.name}`, wide: true, names: series.map(([name]) => name),
    note: "To the right the replies get rarer: each step is one in ten of those before it. Further down is better.",
    label: `Line chart, latency by percentile, ${scenario.name}: ${words}`,
    after: element("p", { class: "note" }, "Medians of the runs, with the lowest and the highest run. A percentile " +
      "is there if ten latencies or more lie beyond it in each run; the last point of a line is the slowest. A hollow " +
      "point is a lower bound: those replies were not waited for any longer."),
    make: () => {
      const axis = givenAxis("percentile (logarithmic in 1/(1−p))", shown.map(([x]) => x),
        (x) => new Map(shown).get(x) ?? "", true);
      axis.max = end;
      return lines(series, axis, "latency", time, (point) => point.name);
    },
  })];
}

/// Differences of latency to the first contestant, which is the baseline.
function addedLatency(scenario) {
  const rows = (scenario.results ?? []).filter(({ added }) => added);
  if (rows.length === 0) return [];
  const signed = (us) => (us > 0 ? "+" : us < 0 ? "−" : "") + time(Math.abs(us));
  const cellOf = (by) => by ? element("td", {}, data(by.median, signed), element("small", {},
    data(by.low, signed), " to ", data(by.high, signed), by.significant ? "" : ", not significant")) : unknownCell();
  const titles = ["contestant", "p50", "p99"].map((title) => element("th", { scope: "col" }, title));
  const title = `Latency compared with ${scenario.baseline}`;
  return [element("figure", {},
    element("figcaption", {}, element("h3", {}, title), element("p", { class: "note" },
      "The median of the differences in each round, and its interval.")),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${title}` },
      element("table", { class: "added" }, element("thead", {}, element("tr", {}, ...titles)),
        element("tbody", {}, ...rows.map(({ contestant, added }) => element("tr", {},
          element("th", { scope: "row" }, contestant), cellOf(added.p50_us), cellOf(added.p99_us)))))))];
}

/// Bars for one measure in one scenario; and those for whom it is not known, in words.
function measureFigure(scenario, { title, keys, total, parts, write, note }) {
  const known = [], missing = [];
  for (const { name } of contestants) {
    const result = resultOf(scenario, name);
    const all = summary(result, total);
    if (all) {
      const found = keys.map((key) => summary(result, key)?.median ?? null);
      known.push({ label: name, style: styles.get(name), ...all, parts: found.includes(null) ? [all.median] : found });
    } else if (result) missing.push(`${name}: ${result.failure ? "failed" : unknown(name)}`);
  }
  if (known.length === 0 && missing.length === 0) return [];
  const after = missing.length ? list({ class: "legend note" }, missing) : null;
  if (known.length === 0)
    return [element("figure", {}, element("figcaption", {}, element("h3", {}, title)), after)];
  const words = known.map(({ label, median }) => `${label} ${write(median)}`).join("; ");
  return [figure({ title, note, bars: known.length, after, label: `Bar chart, ${title}, ${scenario.name}: ${words}`,
    make: () => bars(known, parts, write) })];
}

function lookCloser(scenario) {
  document.getElementById("scenario-verdict").replaceChildren(sentence(scenario.verdict?.text ?? ""));
  document.querySelector(".choice").dataset.chosen = scenario.name;
  const figures = [
    ...latencyFigure(scenario),
    ...addedLatency(scenario),
    ...measureFigure(scenario, { title: "Server CPU for each reply", keys: ["cpu_user_us", "cpu_system_us"],
      total: "cpu_us", parts: ["in the program", "in the kernel"], write: time,
      note: "Strong: in the program (user). Pale: in the kernel (system)." }),
    ...measureFigure(scenario, { title: "Server memory for each connection", keys: ["memory_per_connection_bytes"],
      total: "memory_per_connection_bytes", parts: ["memory"], write: bytes,
      note: `With ${clientsOf(scenario)}.` }),
  ];
  show("closer", ...figures);
  drawNew();
}

function closer() {
  const shown = scenarios.filter((scenario) => scenario.results?.some((result) => summary(result, "rate")));
  if (shown.length === 0) return;
  const select = document.getElementById("scenario");
  select.append(...shown.map((scenario, i) => element("option", { value: i }, scenario.name)));
  const most = shown.reduce((best, scenario, i) => scenario.clients > shown[best].clients ? i : best, 0);
  select.value = most;
  select.addEventListener("change", () => lookCloser(shown[select.value]));
  lookCloser(shown[most]);
}

function stories() {
  show("stories", ...(results.stories ?? []).filter(({ rows }) => rows?.length).map((story) => {
    const inMicroseconds = ({ median, low, high }) => ({ median: median * 1e6, low: low * 1e6, high: high * 1e6 });
    const rows = story.rows.filter(({ seconds }) => seconds).map(({ label, seconds }) =>
      ({ label, ...inMicroseconds(seconds), parts: [seconds.median * 1e6] }));
    const titles = ["case", "median", "lowest", "highest"].map((title) => element("th", { scope: "col" }, title));
    const cells = story.rows.filter(({ seconds }) => seconds).map(({ label, seconds }) => element("tr", {},
      element("th", { scope: "row" }, label),
      ...["median", "low", "high"].map((key) => element("td", {}, data(seconds[key], (s) => time(s * 1e6))))));
    const figures = element("div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${story.title}` },
      element("table", {}, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...cells)));
    return figure({
      title: story.title ?? story.name, note: sentence(story.text ?? ""), bars: rows.length, after: figures,
      label: `Bar chart, ${story.title}: ${rows.map(({ label, median }) => `${label} ${time(median)}`).join("; ")}`,
      make: () => bars(rows, ["time"], time),
    });
  }));
}

function runsTable(scenario, columns) {
  // figures: of a run, or the medians. A percentile says of how many latencies it is, or would be.
  const cellOf = (key, write, value, figures, more = null) => {
    const latencies = isPercentile(key) ? ofLatencies(latenciesOf(figures.replies, figures.censored)) : null;
    if (value === null || value === undefined)
      return unknownCell(latencies && `fewer than ten ${latencies} are beyond it, in a run or more`);
    const sign = key === "rate" && figures.tool_limited > 0 ? "≥ " : isAtLeast(key, figures.censored) ? ">" : "";
    return element("td", { title: latencies }, sign, data(value, write), more);
  };
  const bodies = (scenario.results ?? []).map(({ contestant, failure, summary: all, runs = [] }) => {
    const rows = [];
    if (failure) rows.push(element("tr", {}, element("td", { class: "failure", colspan: columns.length + 1 },
      element("pre", {}, failure))));
    if (runs.length) rows.push(element("tr", { class: "median" }, element("th", { scope: "row" }, "median"),
      ...columns.map(([key, , write]) => {
        const found = summary({ summary: all }, key);
        const medians = Object.fromEntries(Object.entries(all).map(([name, one]) => [name, one?.median]));
        return cellOf(key, write, found?.median, medians, found && found.low !== found.high
          ? element("small", {}, data(found.low, write), " – ", data(found.high, write)) : null);
      })));
    runs.forEach((run, i) => rows.push(element("tr", { class: "run" },
      element("th", { scope: "row", class: "run" }, `run ${i + 1}`),
      ...columns.map(([key, , write]) => cellOf(key, write, run[key], run)))));
    rows[0]?.prepend(element("th", { scope: "rowgroup", rowspan: rows.length }, contestant));
    return element("tbody", {}, ...rows);
  });
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Runs: ${scenario.name}` },
    element("table", { class: "runs" }, element("caption", { class: "unseen" }, `Runs: ${scenario.name}`),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "contestant"),
        element("th", { scope: "col" }, "run"), ...columns.map(([, title]) => element("th", { scope: "col" }, title)))),
      ...bodies));
}

/// Of a scenario that has its own, or of the whole document: who ran where; null if nobody was told.
function placement({ server_cpus: server, tool_cpus: tool }) {
  const cpus = (numbers) => `CPU ${numbers.join(", ")}`;
  if (!startsServers && tool?.length) return `the load on ${cpus(tool)}`;
  if (!server?.length || !tool?.length) return null;
  return String(server) === String(tool) ? `servers and load share ${cpus(server)}`
    : `servers on ${cpus(server)}, the load on ${cpus(tool)}`;
}

function runs() {
  const every = scenarios.flatMap((scenario) => (scenario.results ?? []).flatMap((result) => result.runs ?? []));
  const columns = measures.filter(([key]) => every.some((run) => run[key] !== null && run[key] !== undefined));
  const most = Math.max(...scenarios.map((scenario) => scenario.clients));
  const first = scenarios.find((scenario) => scenario.clients === most);
  const tables = scenarios.filter((scenario) => scenario.results?.length).map((scenario) =>
    element("details", { open: scenario === first && "" },
      element("summary", {}, scenario.name, " ", element("span", {}, [
        scenario.framing && `framing ${scenario.framing}`,
        scenario.size && `messages of ${scenario.size}${/^\d+$/.test(scenario.size) ? " bytes" : ""}`,
        scenario.delay && `delay ${scenario.delay}`, scenario.rate && `${count(scenario.rate)} messages/s offered`,
        placement(scenario),
      ].filter(Boolean).join(", "))),
      runsTable(scenario, columns)));
  const outside = contestants.filter(isUnwatched).map(({ name }) => name);
  if (outside.length && tables.length)
    tables.push(element("p", { class: "lede" },
      `CPU, threads and memory of ${outside.join(", ")} are ${unknown(outside[0])}.`));
  show("runs", ...tables);
}

function reproduce() {
  const { host = {}, build = {}, config = {} } = results;
  const pinned = scenarios.some((scenario) => scenario.server_cpus?.length) ? "as each scenario says"
    : placement(config) ?? (startsServers && "server and load shared the CPUs: they could not be kept apart");
  const facts = [
    ["Processor", host.cpu && `${host.cpu}${host.cpus ? `, ${host.cpus} CPU${host.cpus === 1 ? "" : "s"}` : ""}`],
    ["Memory", host.memory_bytes && bytes(host.memory_bytes)],
    ["Topology", host.cores && `${counted(host.cores, "core")} with ${counted(host.usable_cpus, "processor")}, ` +
      `${counted(host.sockets, "socket")}, ${counted(host.nodes, "node")}${host.virtual ? ", a virtual machine" : ""}`],
    ["Frequency", host.governor && host.governor + (host.boost === null ? "" : host.boost ? ", boost on" : ", boost off")],
    ["Limits", [host.cpu_quota && `${exact(host.cpu_quota)} processors`,
      host.memory_limit_bytes && bytes(host.memory_limit_bytes)].filter(Boolean).join(", ")],
    ["At the start", host.load !== undefined && host.load !== null && `a load of ${exact(host.load)}`],
    ["Kernel", host.kernel && host.kernel + (host.preemption ? `, ${host.preemption}` : "")],
    ["Mitigations", Object.entries(host.mitigations ?? {}).map(([name, text]) => `${name}: ${text}`).join("; ")],
    ["Build", [build.version && `revecho ${build.version}`, build.compiler, build.type].filter(Boolean).join(", ")],
    ["Runs", config.repeat &&
      `${config.repeat} of each${config.duration_s ? `, ${longTime(config.duration_s)} long` : ""}`],
    ["Placement", results.config && scenarios.length ? pinned : null],
    ["It took", config.took_s && longTime(config.took_s)],
  ].filter(([, value]) => value);
  const content = (results.warnings ?? []).map((warning) => element("p", { class: "lede" }, warning));
  if (facts.length)
    content.push(element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])));
  if (config.command) {
    const told = element("span", { role: "status" });
    const button = element("button", { type: "button" }, "Copy");
    button.addEventListener("click", () => navigator.clipboard.writeText(config.command).then(
      () => { told.textContent = "Copied."; },
      () => { told.textContent = "Select the text and copy it by hand."; }));
    content.push(element("div", { class: "command" }, element("pre", {}, command(config.command)), button, told));
  }
  show("reproduce", ...content);
}

subtitle();
verdicts();
failures();
introduce();
glance();
throughput();
closer();
stories();
runs();
reproduce();
document.querySelector("footer").textContent =
  `Made by revecho-compare${results.build?.version ? ` ${results.build.version}` : ""}. ` +
  `The charts are drawn by Chart.js ${Chart.version} (MIT license), which is in this page.`;
drawNew();

// Other colors, the same page: a screen that turns dark, and paper.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(draw));
let closed = [];
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("paper");
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((details) => { details.open = true; });
  charts.forEach(draw);
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("paper");
  closed.forEach((details) => { details.open = false; });
  charts.forEach(draw);
});
