// The charts: lines over an axis, and lying bars, with the spread of what they show. Chart.js draws them.

const charts = []; // {canvas, make, chart}: drawn again when the colors of the page change

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
      ctx.strokeStyle = ctx.fillStyle = lying ? color("--ink") : dataset.borderColor;
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
  Chart.defaults.color = color("--soft");
  Chart.defaults.borderColor = color("--rule");
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
    ticks: { callback: (value) => write(value), maxRotation: 0 },
    // Chart.js would have a line for each digit.
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

/// An axis with lines at these values only.
function givenAxis(title, values, write, logarithmic) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return {
    type: logarithmic ? "logarithmic" : "linear",
    min: logarithmic ? least / 1.2 : least - (most - least) / 20,
    max: logarithmic ? most * 1.2 : most + (most - least) / 20,
    title: { display: true, text: title },
    afterBuildTicks: (axis) => { axis.ticks = values.map((value) => ({ value })); },
    ticks: { callback: (value) => write(value), autoSkipPadding: 4, maxRotation: 0 },
  };
}

function lineOf(name, points) {
  const { variable, shape, dash, number } = styles.get(name);
  const own = color(variable);
  return {
    label: name, data: points, borderColor: own, backgroundColor: own, borderDash: dash, borderWidth: 2,
    pointBackgroundColor: points.map(({ atLeast }) => atLeast ? color("--surface") : own),
    pointStyle: shape[0], pointBorderWidth: 1.5, tension: 0,
    // Where lines meet all are seen: the dashed ones lie over the solid, and small markers on larger ones.
    order: -number, pointRadius: Math.max(4, 7 - number * 0.8), pointHoverRadius: 8,
  };
}

function tooltip(title, write) {
  return {
    displayColors: false,
    callbacks: {
      title: (items) => items.length ? title(items[0].raw) : "",
      label: ({ dataset, raw }) => {
        const value = raw.value ?? raw.y;
        return `${dataset.label}: ${raw.atLeast ? "at least " : ""}${write(value)}` +
          (raw.low !== undefined && raw.low !== raw.high ? ` (${spread(raw, write)})` : "") +
          (raw.latencies ? `, ${ofLatencies(raw.latencies)} in each run` : "");
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

/// A texture for each contestant, to tell bars apart without their color. Pale: for the second part of a bar.
function texture(variable, number, pale) {
  const size = 10;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const ctx = tile.getContext("2d");
  const kind = number % COLORS;
  const path = ["", "M-2 12L12-2M-2 2L2-2M8 12L12 8", "M5 2a2.5 2.5 0 1 0 .01 0z", "M-2-2L12 12M-2 8L2 12M8-2L12 2",
    "M0 5H10", "M5 0V10", "M5 0V10M0 5H10"][kind];
  ctx.fillStyle = ctx.strokeStyle = color(variable);
  ctx.globalAlpha = pale ? 0.12 : kind === 0 ? 0.9 : 0.35;
  ctx.fillRect(0, 0, size, size);
  ctx.globalAlpha = pale ? 0.3 : 1;
  ctx.lineWidth = 2;
  ctx[kind === 2 ? "fill" : "stroke"](new Path2D(path));
  return ctx.createPattern(tile, "repeat");
}

/// A name beside a bar, in lines of at most so many characters; the tables have it in full.
function inTwoLines(text, most) {
  const cut = (line) => line.length > most ? line.slice(0, most - 1) + "…" : line;
  if (text.length <= most) return text;
  const gap = text.lastIndexOf(" ", most);
  return gap < 1 ? cut(text) : [text.slice(0, gap), cut(text.slice(gap + 1))];
}

/// Bars that lie, each with its name at its left and its figure at its right. rows: [{label, style?, parts: [number],
/// median, low, high}], where the parts of a bar add up to it; parts: the names of these.
function bars(rows, parts, write) {
  const most = Math.max(...rows.map(({ high, median }) => high ?? median));
  const stepSize = write === bytes && most > 0 ? 2 ** Math.ceil(Math.log2(most / 5)) : undefined;
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
          ...(i === parts.length - 1 && { low: row.low, high: row.high, atLeast: row.atLeast,
            text: (row.atLeast ? "≥ " : "") + write(row.median),
            end: row.parts.reduce((sum, x) => sum + (x ?? 0), 0) }),
        })),
        backgroundColor: rows.map(({ style }) => texture(style?.variable ?? "--nobody", style?.number ?? 0, i > 0)),
        borderColor: rows.map(({ style }) => color(style?.variable ?? "--nobody")),
        borderWidth: 1.5, borderSkipped: false, borderRadius: 3, barPercentage: 0.75, categoryPercentage: 0.9,
      })),
    },
    options: {
      indexAxis: "y",
      layout: { padding: { right: 64 } },
      interaction: { mode: "nearest", axis: "y", intersect: false },
      scales: {
        x: { stacked: true, beginAtZero: true,
          ticks: { callback: (value) => write(value), maxRotation: 0, maxTicksLimit: 6, stepSize } },
        y: { stacked: true, grid: { display: false },
          ticks: { autoSkip: false, color: color("--ink"),
            callback(_, i) { return inTwoLines(rows[i].label, this.chart.width < 600 ? 15 : 30); } } },
      },
      plugins: { tooltip: { ...tooltip(({ y }) => y, write), callbacks: { ...tooltip(({ y }) => y, write).callbacks,
        label: ({ dataset, raw }) =>
          `${dataset.label}: ${raw.atLeast ? "at least " : ""}${write(raw.value)}` +
          (raw.low !== undefined ? ` (in all ${spread(raw, write)})` : "") } } },
    },
  };
}
