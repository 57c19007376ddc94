// Requests, latency and errors over the last minutes as one drawing, and the same as a table.

import { arrange, drawn, element, mark, say } from "./dom.js";
import { decades, roundUp } from "./series.js";
import { clock, digits } from "./words.js";

const LEFT = 46;
const RIGHT = 14;
const TOP = 30; // the marks' words
const TITLE = 30;
const PANELS = [["requests", 88], ["latency", 118], ["errors", 44]];
const FOOT = 24;
const HEIGHT = TOP + FOOT + PANELS.reduce((sum, [, height]) => sum + TITLE + height, 0);
const LETTER = 7.2;
const STEP_MS = 5_000; // of the table
const ROWS = 12;
const LINES = [["p99_ms", "p99"], ["p95_ms", "p95"], ["p50_ms", "p50"]];

export class Plots {
  #svg; #table; #series; #panels; #described;
  #width = 600;
  #spells = drawn("g");
  #lines = { event: drawn("path", { class: "moment event" }), fault: drawn("path", { class: "moment fault" }),
    full: drawn("path", { class: "moment full" }) };
  #labels = drawn("g");
  #seconds = drawn("g");
  #words = new Map();

  /** `table`: the body of the table of figures; `described`: the drawing's text. */
  constructor(svg, table, described, series) {
    this.#svg = svg;
    this.#table = table;
    this.#described = described;
    this.#series = series;
    let top = TOP;
    this.#panels = Object.fromEntries(PANELS.map(([name, height]) => {
      top += TITLE + height;
      return [name, new Panel(name, top - height, top)];
    }));
    svg.append(this.#spells, ...Object.values(this.#lines), ...Object.values(this.#panels).map(it => it.node),
      this.#seconds, this.#labels);
    mark(svg, "height", HEIGHT);
  }

  /** `width`: of the drawing, in pixels. */
  resize(width) {
    this.#width = width;
    mark(this.#svg, "viewBox", `0 0 ${width} ${HEIGHT}`);
    mark(this.#svg, "width", width);
  }

  /** Everything up to `end`, for `window` ms. */
  draw(end, window) {
    const across = at => LEFT + (at - (end - window)) / window * (this.#width - LEFT - RIGHT);
    const found = known => this.#series.runs(end, window, known);
    this.#requests(found(it => it.requests_per_s !== null), across);
    this.#latency(found(it => it.p50_ms !== null), across);
    this.#errors(found(it => it.errors_per_s !== null), across);
    this.#moments(end, window, across);
    this.#time(window);
  }

  #requests(runs, across) {
    const panel = this.#panels.requests;
    const top = roundUp(most(runs, "requests_per_s"), 10);
    panel.scale([0, top / 2, top], this.#width, linear(panel, top));
    panel.area(runs, across, "requests_per_s");
  }

  #latency(runs, across) {
    const panel = this.#panels.latency;
    const [low, high] = decades(runs.flat().flatMap(it => [it.p50_ms, it.p99_ms]).filter(it => it > 0));
    const ticks = [];
    for (let tick = low; tick <= high * 1.01; tick *= 10) ticks.push(Number(tick.toPrecision(1)));
    panel.scale(ticks, this.#width, logarithmic(panel, low, high));
    for (const [figure, name] of LINES) panel.line(name, runs, across, figure);
  }

  #errors(runs, across) {
    const panel = this.#panels.errors;
    const worst = most(runs, "errors_per_s");
    const top = roundUp(worst, 1);
    panel.scale([0, top], this.#width, linear(panel, top));
    panel.bars(runs, across, "errors_per_s");
    panel.title(worst > 0 ? "Errors a second" : "Errors a second: none");
  }

  #moments(end, window, across) {
    const bottom = HEIGHT - FOOT;
    const seen = this.#series.marks.filter(it => it.at >= end - window && it.at <= end);
    for (const [tone, line] of Object.entries(this.#lines)) {
      const path = seen.filter(it => it.tone === tone).map(it => `M${across(it.at).toFixed(1)},${TOP - 4}V${bottom}`);
      mark(line, "d", path.join(""));
    }
    const spells = this.#series.spells.filter(it => (it.to ?? end) > end - window);
    while (this.#spells.children.length > spells.length) this.#spells.lastChild.remove();
    while (this.#spells.children.length < spells.length) this.#spells.append(drawn("rect", { class: "during" }));
    spells.forEach((it, place) => {
      const from = across(Math.max(it.from, end - window));
      const rect = this.#spells.children[place];
      mark(rect, "x", from.toFixed(1));
      mark(rect, "y", TOP);
      mark(rect, "width", Math.max(0, across(Math.min(it.to ?? end, end)) - from).toFixed(1));
      mark(rect, "height", bottom - TOP);
    });
    this.#tell(seen.filter(it => it.tone !== "event"), across);
  }

  /** The words of what matters most, as flags: a fault's before its line, its end's behind. The latest come first; one
   * without room near it is left out. */
  #tell(seen, across) {
    let free = this.#width + 4;
    const told = [];
    for (const it of [...seen].reverse()) {
      const width = it.word.length * LETTER + 14;
      const wanted = it.tone === "fault" ? across(it.at) - width + 1 : across(it.at) - 1;
      const left = Math.max(0, Math.min(wanted, free - 4 - width));
      if (left + width > free - 4 || wanted - left > 2 * width) continue;
      const label = this.#label(it, width);
      mark(label, "transform", `translate(${left.toFixed(1)} 4)`);
      told.push(label);
      free = left;
    }
    arrange(this.#labels, told);
    const kept = new Set(seen.map(it => it.id));
    for (const id of this.#words.keys()) if (!kept.has(id)) this.#words.delete(id);
  }

  #label(it, width) {
    if (!this.#words.has(it.id)) {
      const ground = drawn("rect", { class: "ground", width, height: 20, rx: 10 });
      const text = drawn("text", { x: width / 2, y: 14, "text-anchor": "middle" }, it.word);
      this.#words.set(it.id, drawn("g", { class: `label ${it.tone}` }, ground, text));
    }
    return this.#words.get(it.id);
  }

  #time(window) {
    const key = `${window} ${this.#width}`;
    if (this.#seconds.dataset.key === key) return;
    this.#seconds.dataset.key = key;
    const count = this.#width < 480 ? 3 : 6;
    const inner = this.#width - LEFT - RIGHT;
    this.#seconds.replaceChildren(...Array.from({ length: count + 1 }, (_, it) => drawn("text", {
      class: "second", x: LEFT + inner * it / count, y: HEIGHT - 6, "text-anchor": it === count ? "end" : "middle",
    }, it === count ? "now" : ago(window * (1 - it / count)))));
  }

  /** The figures as a table, the latest first, and the drawing in words. */
  write(end) {
    const rows = [];
    for (let step = 0; step < ROWS; step += 1) {
      const until = end - step * STEP_MS;
      const it = this.#series.samples.findLast(each => each.at <= until && each.at > until - STEP_MS);
      if (it) rows.push(row(it));
    }
    this.#table.replaceChildren(...rows);
  }

  describe(last) {
    if (!last || last.requests_per_s === null) return say(this.#described, "The balancer does not answer.");
    return say(this.#described, `Now ${digits(last.requests_per_s)} requests a second, p50 ${digits(last.p50_ms)} ms, `
      + `p95 ${digits(last.p95_ms)} ms, p99 ${digits(last.p99_ms)} ms, ${digits(last.errors_per_s)} errors a second.`);
  }
}

class Panel {
  #top; #bottom; #key; #at;
  #grid = drawn("g");
  #title;
  #paths = new Map();

  constructor(name, top, bottom) {
    this.#top = top;
    this.#bottom = bottom;
    this.#title = drawn("text", { class: "panel", x: 0, y: top - 12 });
    this.node = drawn("g", { class: name }, this.#grid, this.#title);
    say(this.#title, { requests: "Requests a second", latency: "Latency, ms (logarithmic)", errors: "" }[name]);
  }

  get span() {
    return [this.#top, this.#bottom];
  }

  title(text) {
    say(this.#title, text);
  }

  /** `at`: where a value is; `ticks`: the values with a line. */
  scale(ticks, width, at) {
    this.#at = at;
    const key = `${ticks} ${width}`;
    if (this.#key === key) return;
    this.#key = key;
    this.#grid.replaceChildren(...ticks.flatMap((tick, place) => [
      drawn("line", { class: place ? "grid" : "axis", x1: LEFT, x2: width - RIGHT, y1: at(tick), y2: at(tick) }),
      drawn("text", { class: "tick", x: LEFT - 6, y: at(tick) + 4, "text-anchor": "end" }, tick.toLocaleString("en")),
    ]));
  }

  line(name, runs, across, figure) {
    const drawing = runs.map(run => `M${run.map(it => this.#point(it, across, figure)).join("L")}`);
    mark(this.#path(name), "d", drawing.join(""));
  }

  area(runs, across, figure) {
    this.line("rate", runs, across, figure);
    const drawing = runs.map(run => `M${across(run[0].at).toFixed(1)},${this.#bottom}L${
      run.map(it => this.#point(it, across, figure)).join("L")}V${this.#bottom}Z`);
    mark(this.#path("band"), "d", drawing.join(""));
  }

  bars(runs, across, figure) {
    const wrong = runs.flat().filter(it => it[figure] > 0);
    const drawing = wrong.map(it => {
      const left = across(it.at - 500);
      return `M${left.toFixed(1)},${this.#bottom}V${this.#at(it[figure]).toFixed(1)}H${
        Math.max(left + 1, across(it.at)).toFixed(1)}V${this.#bottom}Z`;
    });
    mark(this.#path("failed"), "d", drawing.join(""));
  }

  #point(it, across, figure) {
    return `${across(it.at).toFixed(1)},${this.#at(it[figure]).toFixed(1)}`;
  }

  #path(name) {
    if (!this.#paths.has(name)) {
      this.#paths.set(name, drawn("path", { class: name }));
      this.node.insertBefore(this.#paths.get(name), this.#title);
    }
    return this.#paths.get(name);
  }
}

function linear(panel, end) {
  const [top, bottom] = panel.span;
  return value => bottom - value / end * (bottom - top);
}

function logarithmic(panel, low, high) {
  const [top, bottom] = panel.span;
  const whole = Math.log10(high / low);
  return value => bottom - Math.log10(Math.max(value, low) / low) / whole * (bottom - top);
}

function most(runs, figure) {
  return runs.reduce((top, run) => run.reduce((each, it) => Math.max(each, it[figure]), top), 0);
}

function ago(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s ago` : `${Number((seconds / 60).toFixed(1))} min ago`;
}

function row(it) {
  const figures = [it.requests_per_s, it.p50_ms, it.p95_ms, it.p99_ms, it.errors_per_s];
  return element("tr", {}, element("th", { scope: "row" }, clock(it.at)),
    ...figures.map(figure => element("td", {}, digits(figure))));
}
