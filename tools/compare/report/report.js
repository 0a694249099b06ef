// Draws the page from the document in it, which is the one that revecho-compare --json writes. Whatever comes from that
// document is put in as text, never as markup.
"use strict";

const results = JSON.parse(document.getElementById("results").textContent);
const contestants = results.contestants ?? [];
const scenarios = results.scenarios ?? [];

// ---- Figures as people read them: three digits and a unit

function withUnit(value, units, gap) {
  const digits = (x) => +x.toFixed(x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2);
  // The largest unit in which the number, once rounded, is at least 1.
  const [name, factor] = units.findLast(([, factor]) => digits(value / factor) >= 1) ?? units[0];
  return digits(value / factor) + (name && gap + name);
}

const count = (x) => withUnit(x, [["", 1], ["k", 1e3], ["M", 1e6], ["G", 1e9]], "");
const bytes = (x) => withUnit(x, [["B", 1], ["KiB", 2 ** 10], ["MiB", 2 ** 20], ["GiB", 2 ** 30]], " ");
const exact = (x) => x.toLocaleString("en", { maximumFractionDigits: 2 });
const time = (us) => us === 0 ? "0" : withUnit(us, [["ns", 1e-3], ["µs", 1], ["ms", 1e3], ["s", 1e6]], " ");

function longTime(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return time(seconds * 1e6);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const clientsOf = (scenario) => `${exact(scenario.clients)} client${scenario.clients === 1 ? "" : "s"}`;

// What a run has, in the order of the table: its key in the document, its title, how it is written.
const measures = [
  ["rate", "messages/s", count], ["replies", "replies", exact],
  ["mean_us", "mean", time], ["p50_us", "p50", time], ["p90_us", "p90", time], ["p99_us", "p99", time],
  ["p99_9_us", "p99.9", time], ["p99_99_us", "p99.99", time], ["max_us", "max", time],
  ["cpu_us", "CPU", time], ["cpu_user_us", "user", time], ["cpu_system_us", "system", time],
  ["context_switches", "switches", exact], ["threads", "threads", exact],
  ["peak_memory_bytes", "peak memory", bytes], ["memory_per_connection_bytes", "memory/connection", bytes],
  ["unserved", "unserved", exact], ["wrong", "wrong", exact], ["lost", "lost", exact], ["late", "late", exact],
];

// ---- Elements

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("--")) made.style.setProperty(key, value);
    else if (value !== null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const list = (attributes, items) => element("ul", attributes, ...items.map((item) => element("li", {}, item)));

/// A figure as text that keeps its exact value.
const data = (value, write) => element("data", { value }, write(value));

/// Fills a section of the page and shows it. A section that gets nothing stays hidden.
function show(id, ...content) {
  if (content.length === 0) return;
  const section = document.getElementById(id);
  section.querySelector(".body").replaceChildren(...content);
  section.hidden = false;
}

// ---- Contestants: a colour, a shape and a dash for each, the same everywhere

const COLOURS = 7;
const shapes = [ // as Chart.js calls them, and as a path around 0,0
  ["circle", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"],
  ["rect", "M-4.5-4.5h9v9h-9z"],
  ["triangle", "M0-5.5L5 4H-5z"],
  ["rectRot", "M0-6L6 0L0 6L-6 0z"],
  ["crossRot", "M-4-4L4 4M4-4L-4 4"],
  ["star", "M-4-4L4 4M4-4L-4 4M0-5.5V5.5M-5.5 0H5.5"],
  ["cross", "M0-5V5M-5 0H5"],
];
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 3]];

const styles = new Map(contestants.map(({ name }, i) => [name, {
  variable: `--s${i % COLOURS}`,
  shape: shapes[(i + Math.floor(i / COLOURS)) % shapes.length],
  dash: dashes[i % dashes.length],
  number: i,
}]));
const mine = (name) => ({ "--mine": `var(${styles.get(name)?.variable ?? "--soft"})` });
const colour = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

function swatch(name) {
  const svg = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const style = styles.get(name);
  const line = { stroke: "currentColor", "stroke-width": 2 };
  return svg("svg", { class: "swatch", viewBox: "-24 -8 48 16", "aria-hidden": "true" },
    svg("line", { x1: -24, x2: 24, y1: 0, y2: 0, "stroke-dasharray": style.dash.join(" "), ...line }),
    svg("path", { d: style.shape[1], fill: "currentColor", ...line }));
}

function legend(names) {
  const made = list({ class: "legend" }, names.map((name) => {
    const both = document.createDocumentFragment();
    both.append(swatch(name), name);
    return both;
  }));
  [...made.children].forEach((item, i) => item.style.setProperty("--mine", mine(names[i])["--mine"]));
  return made;
}

/// A sentence in which each contestant's name is marked with its colour.
function sentence(text) {
  const names = contestants.map(({ name }) => name).filter(Boolean).sort((a, b) => b.length - a.length);
  const part = document.createDocumentFragment();
  if (names.length === 0) return part.append(text), part;
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  // Not within a word: "async" is not meant in "asynchronous".
  for (const piece of text.split(new RegExp(`(?<![\\w-])(${escaped})(?![\\w-])`)))
    part.append(styles.has(piece) ? element("span", { class: "who", ...mine(piece) }, piece) : piece);
  return part;
}

const unknown = (name) => contestants.find((who) => who.name === name)?.endpoint
  ? "not known: the server was not started by this program" : "not known";

/// {median, low, high}, or null where nothing was measured.
const summary = (result, key) => {
  const found = result?.summary?.[key];
  return found?.median === null || found?.median === undefined ? null : found;
};
const spread = ({ low, high }, write) => `${write(low)} to ${write(high)}`;
const resultOf = (scenario, name) => scenario.results?.find((result) => result.contestant === name);

// ---- Charts

const charts = []; // {canvas, make, chart}: drawn again when the colours of the page change

Chart.defaults.animation = false; // what is there is there at once, also for those who print
Chart.defaults.responsive = true;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.plugins.legend.display = false; // the page has its own, with dashes and shapes

/// The spread of each point, from its lowest run to its highest, and beside each bar its value.
const spreads = {
  id: "spreads",
  afterDatasetsDraw(chart) {
    const { ctx, options: { indexAxis }, scales: { x, y } } = chart;
    const lying = indexAxis === "y";
    const axis = lying ? x : y;
    ctx.save();
    ctx.lineWidth = 1.5;
    chart.data.datasets.forEach((dataset, i) => dataset.data.forEach((point, j) => {
      if (point.low === undefined || point.low === null) return;
      const place = chart.getDatasetMeta(i).data[j];
      const [low, high] = [axis.getPixelForValue(point.low), axis.getPixelForValue(point.high)];
      ctx.strokeStyle = ctx.fillStyle = lying ? colour("--ink") : dataset.borderColor;
      if (Math.abs(high - low) > 2) {
        ctx.beginPath();
        for (const [ax, ay, bx, by] of [[low, 0, high, 0], [low, -4, low, 4], [high, -4, high, 4]]) {
          ctx.moveTo(lying ? ax : place.x + ay, lying ? place.y + ay : ax);
          ctx.lineTo(lying ? bx : place.x + by, lying ? place.y + by : bx);
        }
        ctx.stroke();
      }
      if (lying) {
        ctx.font = `600 12px ${Chart.defaults.font.family}`;
        ctx.textBaseline = "middle";
        ctx.fillText(point.text, Math.max(high, axis.getPixelForValue(point.end)) + 7, place.y);
      }
    }));
    ctx.restore();
  },
};

function draw(entry) {
  entry.chart?.destroy();
  Chart.defaults.color = colour("--soft");
  Chart.defaults.borderColor = colour("--rule");
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  entry.chart = new Chart(entry.canvas, entry.make());
}

/// A figure with a chart: `make` gives the configuration of Chart.js, `label` says in words what is seen.
function figure({ title, note = "", label, make, names = [], bars = 0, wide = false, after = null }) {
  const canvas = element("canvas", { role: "img", "aria-label": label });
  charts.push({ canvas, make });
  return element("figure", { class: wide ? "wide" : null },
    element("figcaption", {}, element("h3", {}, title), element("p", { class: "note" }, note)),
    element("div", { class: bars ? "chart bars" : "chart", "--bars": bars }, canvas),
    names.length ? legend(names) : null, after);
}

/// Draws what is on the page and not drawn yet, and forgets what has left it.
function drawNew() {
  for (const entry of [...charts]) {
    if (entry.canvas.isConnected && !entry.chart) draw(entry);
    if (entry.canvas.isConnected) continue;
    entry.chart?.destroy();
    charts.splice(charts.indexOf(entry), 1);
  }
}

/// An axis for figures: logarithmic where they are far apart, as nothing could be told at the lower end otherwise.
function figuresAxis(title, values, write) {
  const positive = values.filter((value) => value > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const logarithmic = positive.length === values.length && most > 20 * least;
  const wanted = most > 5000 * least ? [1] : [1, 2, 5];
  return {
    type: logarithmic ? "logarithmic" : "linear",
    ...(logarithmic ? { min: least / 1.5, max: most * 1.5 } : { beginAtZero: true, grace: "5%" }),
    title: { display: true, text: logarithmic ? `${title} (logarithmic)` : title },
    ticks: {
      maxRotation: 0,
      callback: (value) => {
        const mantissa = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
        return !logarithmic || wanted.some((x) => Math.abs(x - mantissa) < 1e-6) ? write(value) : null;
      },
    },
    // The lines are those of the figures that are written.
    ...(logarithmic && { afterBuildTicks: (axis) => {
      axis.ticks = [];
      for (let power = Math.floor(Math.log10(axis.min)); 10 ** power <= axis.max; ++power)
        for (const mantissa of wanted) {
          const value = mantissa * 10 ** power;
          if (value >= axis.min && value <= axis.max) axis.ticks.push({ value });
        }
    } }),
  };
}

/// An axis that has a line for each of these values and for no other.
function givenAxis(title, values, write, logarithmic) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return {
    type: logarithmic ? "logarithmic" : "linear",
    min: logarithmic ? least / 1.2 : least - (most - least) / 20,
    max: logarithmic ? most * 1.2 : most + (most - least) / 20,
    title: { display: true, text: title },
    afterBuildTicks: (axis) => { axis.ticks = values.map((value) => ({ value })); },
    ticks: { callback: write, autoSkip: false, maxRotation: 0 },
  };
}

function lineOf(name, points) {
  const { variable, shape, dash, number } = styles.get(name);
  const own = colour(variable);
  return {
    label: name, data: points, borderColor: own, backgroundColor: own, borderDash: dash, borderWidth: 2,
    pointStyle: shape[0], pointRadius: 5, pointHoverRadius: 7, pointBorderWidth: 2, tension: 0,
    order: -number, // a solid line under a dashed one: both are seen where they meet
  };
}

function tooltip(title, write) {
  return {
    displayColors: false,
    callbacks: {
      title: (items) => items.length ? title(items[0].raw) : "",
      label: ({ dataset, raw }) => {
        const value = raw.value ?? raw.y;
        return `${dataset.label}: ${write(value)}` +
          (raw.low !== undefined && raw.low !== raw.high ? ` (${spread(raw, write)})` : "");
      },
    },
  };
}

/// Lines, one for each contestant: series is [[name, points of {x, y, low, high}], …].
function lines(series, xAxis, yTitle, write, title) {
  const values = series.flatMap(([, points]) => points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]));
  return {
    type: "line",
    plugins: [spreads],
    data: { datasets: series.map(([name, points]) => lineOf(name, points)) },
    options: {
      interaction: { mode: "nearest", intersect: false },
      scales: { x: xAxis, y: figuresAxis(yTitle, values, write) },
      plugins: { tooltip: tooltip(title, write) },
    },
  };
}

/// A texture for each contestant, so that bars can be told apart without their colour. Pale: for a second part of a bar.
function texture(variable, number, pale) {
  const size = 10;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const ctx = tile.getContext("2d");
  const kind = number % COLOURS;
  const path = ["", "M-2 12L12-2M-2 2L2-2M8 12L12 8", "M5 2a2.5 2.5 0 1 0 .01 0z", "M-2-2L12 12M-2 8L2 12M8-2L12 2",
    "M0 5H10", "M5 0V10", "M5 0V10M0 5H10"][kind];
  ctx.fillStyle = ctx.strokeStyle = colour(variable);
  ctx.globalAlpha = pale ? 0.12 : kind === 0 ? 0.9 : 0.35;
  ctx.fillRect(0, 0, size, size);
  ctx.globalAlpha = pale ? 0.3 : 1;
  ctx.lineWidth = 2;
  ctx[kind === 2 ? "fill" : "stroke"](new Path2D(path));
  return ctx.createPattern(tile, "repeat");
}

/// Bars that lie, each with its name at its left and its figure at its right. rows: [{label, style?, parts: [number],
/// median, low, high}], where the parts of a bar add up to it; parts: the names of these.
function bars(rows, parts, xTitle, write) {
  const most = Math.max(...rows.map(({ high, median }) => high ?? median));
  const stepSize = write === bytes && most > 0 ? 2 ** Math.ceil(Math.log2(most / 5)) : undefined;
  const shortened = (text) => text.length > 22 ? text.slice(0, 21) + "…" : text;
  return {
    type: "bar",
    plugins: [spreads],
    data: {
      labels: rows.map(({ label }) => label),
      datasets: parts.map((part, i) => ({
        label: part,
        data: rows.map((row, j) => ({
          x: row.parts[i] ?? 0, y: row.label, value: row.parts[i] ?? 0,
          // Whiskers and figure are those of the whole bar: with its last part.
          ...(i === parts.length - 1 && { low: row.low, high: row.high, text: write(row.median),
            end: row.parts.reduce((sum, x) => sum + (x ?? 0), 0) }),
        })),
        backgroundColor: rows.map(({ style }) => texture(style?.variable ?? "--accent", style?.number ?? 0, i > 0)),
        borderColor: rows.map(({ style }) => colour(style?.variable ?? "--accent")),
        borderWidth: 1.5, borderSkipped: false, borderRadius: 3, barPercentage: 0.75, categoryPercentage: 0.9,
      })),
    },
    options: {
      indexAxis: "y",
      layout: { padding: { right: 64 } },
      interaction: { mode: "nearest", axis: "y", intersect: false },
      scales: {
        x: { stacked: true, beginAtZero: true, title: { display: true, text: xTitle },
          ticks: { callback: (value) => write(value), maxRotation: 0, maxTicksLimit: 6, stepSize } },
        y: { stacked: true, grid: { display: false },
          ticks: { autoSkip: false, color: colour("--ink"), callback: (_, i) => shortened(rows[i].label) } },
      },
      plugins: { tooltip: { ...tooltip(({ y }) => y, write), callbacks: { ...tooltip(({ y }) => y, write).callbacks,
        label: ({ dataset, raw }) => `${dataset.label}: ${write(raw.value)}` +
          (raw.low !== undefined ? ` (in all ${spread(raw, write)})` : "") } } },
    },
  };
}

// ---- The parts of the page, from the top

function subtitle() {
  const { host = {}, config = {} } = results;
  const started = new Date(config.started ?? NaN);
  const date = Number.isNaN(started.getTime()) ? null : element("time", { datetime: config.started },
    started.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }) + " UTC");
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
  const all = [...failed, ...faults];
  if (all.length) show("failures", list({}, all));
  else if (results.ok === false)
    show("failures", element("p", {}, "The comparison ended with a failure. What was measured until then is below."));
}

function introduce() {
  if (contestants.length === 0) return;
  show("contestants", element("ul", { class: "contestants" }, ...contestants.map((who) =>
    element("li", mine(who.name), swatch(who.name), element("div", {}, element("strong", {}, who.name),
      element("code", {}, who.command ?? (who.endpoint ? `at ${who.endpoint}, not started by this program` : "")))))));
}

function glance() {
  if (scenarios.length === 0 || contestants.length === 0) return;
  const rows = scenarios.map((scenario) => {
    const rates = contestants.map(({ name }) => summary(resultOf(scenario, name), "rate"));
    const most = Math.max(...rates.map((rate) => rate?.median ?? 0));
    const { winner = null, tied = [] } = scenario.verdict ?? {};
    return element("tr", {}, element("th", { scope: "row" }, scenario.name), ...contestants.map(({ name }, i) => {
      const mark = name === winner ? "★ " : winner === null && tied?.includes(name) ? "≈ " : "";
      const failed = resultOf(scenario, name)?.failure;
      if (!rates[i]) return element("td", {}, failed ? "failed" : "–");
      return element("td", { ...mine(name), "--share": most > 0 ? rates[i].median / most : 0, class: mark && "best" },
        mark && element("span", { class: "mark" }, mark), data(rates[i].median, count));
    }));
  });
  show("glance",
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "glance-title" },
      element("table", { class: "glance" },
        element("caption", { class: "unseen" }, "The median rate of each contestant in each scenario"),
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Scenario"),
          ...contestants.map(({ name }) => element("th", { scope: "col", ...mine(name) }, swatch(name), name)))),
        element("tbody", {}, ...rows))),
    element("p", { class: "lede" }, "★ first, and clear of the others' spread; ≈ too close to call. The bars are shares " +
      "of the best of the row."));
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
      return rate ? [{ x: scenario.clients, y: rate.median, ...rate }] : [];
    }).sort((a, b) => a.x - b.x)]).filter(([, points]) => points.length);
    if (series.length === 0) return [];
    const words = series.map(([name, points]) =>
      `${name} ${points.map(({ x, y }) => `${count(y)} at ${exact(x)}`).join(", ")}`).join("; ");
    if (clients.length === 1) {
      const rows = series.map(([name, [point]]) =>
        ({ label: name, style: styles.get(name), parts: [point.y], ...point }));
      return [figure({
        title: group, note: `Messages a second with ${clientsOf(members[0])}`, bars: rows.length,
        label: `Bar chart, messages a second with ${clientsOf(members[0])}, ${group}: ${words}`,
        make: () => bars(rows, ["messages/s"], "messages a second", count),
      })];
    }
    const far = clients.at(-1) >= 10 * clients[0];
    return [figure({
      title: group, note: "Messages a second against clients",
      label: `Line chart, messages a second against clients, ${group}: ${words}`,
      names: series.map(([name]) => name),
      make: () => lines(series, givenAxis(far ? "clients (logarithmic)" : "clients", clients, exact, far),
        "messages a second", count, ({ x }) => `${exact(x)} client${x === 1 ? "" : "s"}`),
    })];
  });
  show("throughput", ...figures);
}

const percentiles = [["p50_us", 2, "50 %"], ["p90_us", 10, "90 %"], ["p99_us", 100, "99 %"],
  ["p99_9_us", 1000, "99.9 %"], ["p99_99_us", 10000, "99.99 %"]];

/// The percentiles that so many replies can tell; and the slowest of n replies stands at 1 - 1/n.
function percentilePoints(result) {
  const replies = summary(result, "replies")?.median ?? 0;
  const points = percentiles.filter(([, x]) => x <= replies).flatMap(([key, x, name]) => {
    const found = summary(result, key);
    return found && found.median > 0 ? [{ x, y: found.median, ...found, name }] : [];
  });
  const max = summary(result, "max_us");
  if (max && max.median > 0 && replies >= 1)
    points.push({ x: Math.max(replies, 1), y: max.median, ...max, name: "the slowest reply" });
  return points.sort((a, b) => a.x - b.x);
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
    `${name} ${points.map((point) => `${point.name} ${time(point.y)}`).join(", ")}`).join("; ");
  return [figure({
    title: `Latency by percentile: ${scenario.name}`, wide: true, names: series.map(([name]) => name),
    note: "To the right the replies get rarer: each step is one in ten of those before it. Further down is better.",
    label: `Line chart, latency by percentile, ${scenario.name}: ${words}`,
    after: element("p", { class: "note" }, "Medians of the runs, with the lowest and the highest run. A percentile is " +
      "there if there were replies enough to tell it; the last point of a line is the slowest reply."),
    make: () => {
      const axis = givenAxis("share of the replies that are at least as fast, at 1/(1−p)", shown.map(([x]) => x),
        (x) => new Map(shown).get(x) ?? "", true);
      axis.max = end;
      return lines(series, axis, "latency", time, (point) => point.name);
    },
  })];
}

/// Bars for one measure in one scenario; and those for whom it is not known, in words.
function measureFigure(scenario, { title, keys, total, parts, xTitle, write, note }) {
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
    make: () => bars(known, parts, xTitle, write) })];
}

function lookCloser(scenario) {
  document.getElementById("scenario-verdict").replaceChildren(sentence(scenario.verdict?.text ?? ""));
  document.querySelector(".choice").dataset.chosen = scenario.name;
  const figures = [
    ...latencyFigure(scenario),
    ...measureFigure(scenario, { title: "CPU for each message", keys: ["cpu_user_us", "cpu_system_us"], total: "cpu_us",
      parts: ["in the program", "in the kernel"], xTitle: "the server's CPU time for a message", write: time,
      note: "Strong: in the program (user). Pale: in the kernel for it (system)." }),
    ...measureFigure(scenario, { title: "Memory for each connection", keys: ["memory_per_connection_bytes"],
      total: "memory_per_connection_bytes", parts: ["memory"], xTitle: "the server's memory for a connection",
      write: bytes, note: `With ${clientsOf(scenario)}` }),
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
    const figures = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${story.title}` },
      element("table", {}, element("thead", {}, element("tr", {}, ...["", "median", "lowest", "highest"].map((title) =>
        element("th", { scope: "col" }, title)))),
      element("tbody", {}, ...story.rows.filter(({ seconds }) => seconds).map(({ label, seconds }) => element("tr", {},
        element("th", { scope: "row" }, label), ...["median", "low", "high"].map((key) =>
          element("td", {}, data(seconds[key], (s) => time(s * 1e6)))))))));
    return figure({
      title: story.title ?? story.name, note: sentence(story.text ?? ""), bars: rows.length, after: figures,
      label: `Bar chart, ${story.title}: ${rows.map(({ label, median }) => `${label} ${time(median)}`).join("; ")}`,
      make: () => bars(rows, ["time"], "time", time),
    });
  }));
}

function runsTable(scenario, columns) {
  const cell = (value, write) => element("td", {}, value === null || value === undefined ? "–" : data(value, write));
  const bodies = (scenario.results ?? []).map(({ contestant, failure, summary: all, runs = [] }) => {
    const rows = [];
    if (failure) rows.push(element("tr", {}, element("td", { class: "failure", colspan: columns.length + 1 },
      element("pre", {}, failure))));
    if (runs.length) rows.push(element("tr", { class: "median" }, element("th", { scope: "row" }, "median"),
      ...columns.map(([key, , write]) => {
        const found = summary({ summary: all }, key);
        return !found ? element("td", {}, "–") : element("td", {}, data(found.median, write),
          found.low === found.high ? null
            : element("small", {}, data(found.low, write), " – ", data(found.high, write)));
      })));
    runs.forEach((run, i) => rows.push(element("tr", { class: "run" },
      element("th", { scope: "row", class: "run" }, `run ${i + 1}`),
      ...columns.map(([key, , write]) => cell(run[key], write)))));
    rows[0]?.prepend(element("th", { scope: "rowgroup", rowspan: rows.length }, contestant));
    return element("tbody", {}, ...rows);
  });
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Runs: ${scenario.name}` },
    element("table", { class: "runs" }, element("caption", { class: "unseen" }, `Runs: ${scenario.name}`),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Contestant"),
        element("th", { scope: "col" }, ""), ...columns.map(([, title]) => element("th", { scope: "col" }, title)))),
      ...bodies));
}

function runs() {
  const every = scenarios.flatMap((scenario) => (scenario.results ?? []).flatMap((result) => result.runs ?? []));
  const columns = measures.filter(([key]) => every.some((run) => run[key] !== null && run[key] !== undefined));
  const most = Math.max(...scenarios.map((scenario) => scenario.clients));
  const first = scenarios.find((scenario) => scenario.clients === most);
  const tables = scenarios.filter((scenario) => scenario.results?.length).map((scenario) =>
    element("details", { open: scenario === first && "" },
      element("summary", {}, scenario.name, " ", element("span", {}, [clientsOf(scenario), scenario.framing, scenario.size,
        scenario.rate && `${count(scenario.rate)} messages/s offered`].filter(Boolean).join(", "))),
      runsTable(scenario, columns)));
  const outside = contestants.filter((who) => who.endpoint).map(({ name }) => name);
  if (outside.length && tables.length)
    tables.push(element("p", { class: "lede" }, `CPU, threads and memory of ${outside.join(", ")} are ${unknown(outside[0])}.`));
  show("runs", ...tables);
}

function reproduce() {
  const { host = {}, build = {}, config = {} } = results;
  const cpus = (numbers) => numbers?.length ? `CPU ${numbers.join(", ")}` : null;
  const pinned = cpus(config.server_cpus) && cpus(config.tool_cpus)
    ? `servers on ${cpus(config.server_cpus)}, the load on ${cpus(config.tool_cpus)}`
    : "server and load shared the CPUs: they could not be kept apart";
  const facts = [
    ["Processor", host.cpu && `${host.cpu}${host.cpus ? `, ${host.cpus} CPU${host.cpus === 1 ? "" : "s"}` : ""}`],
    ["Memory", host.memory_bytes && bytes(host.memory_bytes)],
    ["Kernel", host.kernel],
    ["Build", [build.version && `revecho ${build.version}`, build.compiler, build.type].filter(Boolean).join(", ")],
    ["Runs", config.repeat && `${config.repeat} of each${config.duration_s ? `, ${longTime(config.duration_s)} long` : ""}`],
    ["Placement", results.config && scenarios.length ? pinned : null],
    ["It took", config.took_s && longTime(config.took_s)],
  ].filter(([, value]) => value);
  const content = facts.length
    ? [element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))] : [];
  if (config.command) {
    const told = element("span", { role: "status" });
    const button = element("button", { type: "button" }, "Copy");
    button.addEventListener("click", () => navigator.clipboard.writeText(config.command)
      .then(() => { told.textContent = "Copied."; }, () => { told.textContent = "Select the text and copy it by hand."; }));
    content.push(element("div", { class: "command" }, element("pre", {}, element("code", {}, config.command)), button, told));
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
  `The charts are drawn by Chart.js ${Chart.version} (MIT licence), which is in this page.`;
drawNew();

// Other colours, the same page: a screen that turns dark, and paper.
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
