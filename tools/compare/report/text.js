// The document of revecho-compare --json, as text and elements of the page. Whatever comes from it is put in
// as text, never as markup.
"use strict";

const results = JSON.parse(document.getElementById("results").textContent);
const contestants = results.contestants ?? [];
const scenarios = results.scenarios ?? [];
const startsServers = contestants.length === 0 || contestants.some(({ endpoint }) => !endpoint);

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
const percent = (share) => `${+(100 * share).toFixed(1)} %`;
const time = (us) => us === 0 ? "0" : withUnit(us, [["ns", 1e-3], ["µs", 1], ["ms", 1e3], ["s", 1e6]], " ");

function longTime(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return time(seconds * 1e6);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const counted = (number, thing) => `${exact(number)} ${thing}${number === 1 ? "" : "s"}`;

const clientsOf = (scenario) => `${exact(scenario.clients)} client${scenario.clients === 1 ? "" : "s"}`;

// Figures of a run, in the order of the table: its key in the document, its title, how it is written.
const measures = [
  ["rate", "replies/s", count], ["replies", "replies", exact],
  ["mean_us", "mean", time], ["p50_us", "p50", time], ["p90_us", "p90", time], ["p99_us", "p99", time],
  ["p99_9_us", "p99.9", time], ["p99_99_us", "p99.99", time], ["max_us", "max", time],
  ["censored", "censored", percent],
  ["first_reply_p99_us", "first reply p99", time], ["accept_max_us", "accept max", time],
  ["cpu_us", "CPU", time], ["cpu_user_us", "user", time], ["cpu_system_us", "system", time],
  ["processor_us", "of all", time], ["disturbed", "disturbed", exact],
  ["context_switches", "switches", exact], ["threads", "threads", exact],
  ["busiest_loop_share", "busiest loop", percent], ["busiest_loop_connections", "its connections", percent],
  ["peak_memory_bytes", "peak memory", bytes], ["memory_per_connection_bytes", "memory/connection", bytes],
  ["unserved", "unserved", exact], ["wrong", "wrong", exact], ["lost", "lost", exact], ["late", "late", exact],
  ["tool_limited", "tool limited", exact],
];

/// Whether no more is known of a latency than that it was at least as long: the censored share of them was waited
/// for in vain, or only until the end of the run. Those are the slowest, and each of them counts in the mean.
const isAtLeast = (key, censored) => censored > 0 && (key === "mean_us" || shareBelow[key] > 1 - censored);
const shareBelow = { p50_us: 0.5, p90_us: 0.9, p99_us: 0.99, p99_9_us: 0.999, p99_99_us: 0.9999, max_us: 1 };

/// How many latencies the percentiles of a run are of: those not replied to are counted as well.
const latenciesOf = (replies = 0, censored = 0) => Math.round(censored < 1 ? replies / (1 - censored) : 0);

const isPercentile = (key) => /^p\d/.test(key);
const ofLatencies = (number) => `of ${exact(number)} latenc${number === 1 ? "y" : "ies"}`;

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

/// A command that breaks between its words and not after a hyphen.
const command = (text) => element("code", {}, ...text.split(" ").flatMap((word, i) =>
  [i > 0 ? " " : "", element("span", { class: "word" }, word)]));

const list = (attributes, items) => element("ul", attributes, ...items.map((item) => element("li", {}, item)));

/// A figure as text that keeps its exact value.
const data = (value, write) => element("data", { value }, write(value));

/// Nothing is known: grayed, and why, where that can be said.
const unknownCell = (why = null) => element("td", { class: "unknown", title: why }, "–");

/// Fills a section of the page and shows it. A section that gets nothing stays hidden.
function show(id, ...content) {
  if (content.length === 0) return;
  const section = document.getElementById(id);
  section.querySelector(".body").replaceChildren(...content);
  section.hidden = false;
}

// ---- Contestants: a color, a shape and a dash for each, the same everywhere

const COLORS = 7;
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
  variable: `--s${i % COLORS}`,
  shape: shapes[(i + Math.floor(i / COLORS)) % shapes.length],
  dash: dashes[i % dashes.length],
  number: i,
}]));
const mine = (name) => ({ "--mine": `var(${styles.get(name)?.variable ?? "--soft"})` });
const color = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

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

const legend = (names) => element("ul", { class: "legend" }, ...names.map((name) =>
  element("li", mine(name), swatch(name), name)));

/// A sentence in which each contestant's name is marked with its color.
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

const isUnwatched = (who) => Boolean(who?.endpoint && !who.pid); // running already, and nobody said as which process
const unknown = (name) => isUnwatched(contestants.find((who) => who.name === name))
  ? "not known: the server was not started by this program" : "not known";

/// {median, low, high}, or null where nothing was measured.
const summary = (result, key) => {
  const found = result?.summary?.[key];
  return found?.median === null || found?.median === undefined ? null : found;
};
const spread = ({ low, high }, write) => `${write(low)} to ${write(high)}`;
const resultOf = (scenario, name) => scenario.results?.find((result) => result.contestant === name);
