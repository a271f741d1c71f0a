// Draws the figures of an Insight page. A figure is plain JSON made on the server, in which colours are names of
// style-sheet tokens; each chart has a table beside it, and the tables stand in where the chart library cannot be had.

const TOKEN = /^var\((--[\w-]+)\)$/;
const NARROW = 480;
const LONGEST_NAME_ON_PHONE = 9;
const MOST_DAYS_ON_PHONE = 5;
const SETTINGS = { displayModeBar: false, responsive: true, showSendToCloud: false, scrollZoom: false, doubleClick: false };

let library;

start();
document.addEventListener("htmx:afterSettle", start);
addEventListener("themechange", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-table]");
  if (button) showTable(button, button.getAttribute("aria-pressed") !== "true");
});

async function start() {
  const page = document.querySelector("[data-figures]:not([data-drawn])");
  if (!page) return;
  page.dataset.drawn = "";
  try {
    library ??= load(page.dataset.plotly);
    await library;
    await drawAll(page);
  } catch {
    page.querySelectorAll("[data-table]").forEach((button) => showTable(button, true));
  }
}

function load(address) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: address, onload: done, onerror: failed });
    document.head.append(script);
  });
}

function redraw() {
  const page = document.querySelector("[data-figures]");
  if (page && globalThis.Plotly) drawAll(page);
}

function drawAll(page) {
  const figures = JSON.parse(document.getElementById(page.dataset.figures).textContent);
  const plots = [...page.querySelectorAll("[data-figure]")].filter((plot) => !plot.hidden);
  return Promise.all(plots.map((plot) => draw(plot, figures[plot.dataset.figure])));
}

async function draw(plot, figure) {
  const { data, layout } = coloured(figure);
  const whole = merged(frame(), layout);
  if (plot.clientWidth < NARROW) shorten(whole);
  await Plotly.react(plot, data, whole, SETTINGS);
  follow(plot);
  for (const drawing of plot.querySelectorAll("svg")) {
    drawing.setAttribute("aria-hidden", "true");
    drawing.setAttribute("focusable", "false");
  }
}

// A mark leads to its card, or to the list of the cards it was counted from; `told` is for words beside it alone.
function follow(plot) {
  if (plot.dataset.follows) return;
  plot.dataset.follows = "";
  plot.on("plotly_click", ({ points: [point] }) => {
    const { address, other, told, ...asked } = point.customdata ?? {};
    const { cards: own, otherCards } = plot.closest("[data-cards]")?.dataset ?? {};
    if (address) location.assign(address);
    else if (asked.what) location.assign(cards(other ? otherCards : own, asked));
  });
}

function cards(base, asked) {
  const address = new URL(base, location.href);
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  return address;
}

function showTable(button, wanted) {
  const plot = button.closest("[data-tile]").querySelector("[data-figure]");
  button.setAttribute("aria-pressed", wanted);
  document.getElementById(button.getAttribute("aria-controls")).hidden = !wanted;
  plot.hidden = wanted;
  if (!wanted) redraw();
}

// What all figures share.
function frame() {
  const font = { family: token("--font"), size: 12, color: token("--ink2") };
  const quiet = { color: token("--ink3"), size: 12 };
  const axis = () => ({ gridcolor: token("--grid"), linecolor: token("--line"), tickcolor: token("--line"), zeroline: false, tickfont: quiet, title: { font: quiet } });
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: false,
    font,
    hoverlabel: { bgcolor: "#22252c", bordercolor: "#3a3f49", align: "left", font: { ...font, color: "#f3f4f6" } },
    xaxis: axis(),
    yaxis: axis(),
  };
}

// On a phone the names of stages are cut, so that the marks keep their room, and fewer days are named.
function shorten(layout) {
  if (layout.xaxis.nticks) layout.xaxis.nticks = Math.min(layout.xaxis.nticks, MOST_DAYS_ON_PHONE);
  const names = layout.yaxis.ticktext ?? layout.yaxis.categoryarray;
  if (!names) return;
  layout.yaxis.tickvals ??= names;
  layout.yaxis.ticktext = names.map((name) => (name.length > LONGEST_NAME_ON_PHONE ? `${name.slice(0, LONGEST_NAME_ON_PHONE - 1)}…` : name));
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function coloured(value) {
  if (typeof value === "string") return TOKEN.test(value) ? token(value.match(TOKEN)[1]) : value;
  if (Array.isArray(value)) return value.map(coloured);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
  return value;
}

function merged(below, above) {
  const both = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const nested = value && typeof value === "object" && !Array.isArray(value);
    both[key] = nested ? merged(below[key] ?? {}, value) : value;
  }
  return both;
}
