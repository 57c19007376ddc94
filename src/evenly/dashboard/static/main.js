// The dashboard: what the stream tells is kept, and drawn once a frame, only where it changed.

import { Announcer } from "./announce.js";
import { byId, mark, say, show } from "./dom.js";
import { Drills } from "./drills.js";
import { Plots } from "./plots.js";
import { Series } from "./series.js";
import { Headline, Parts, figures } from "./state.js";
import { Stream } from "./stream.js";
import { Timeline, faultWord, isFault } from "./timeline.js";
import { Work } from "./work.js";
import { Zones } from "./zones.js";
import { clock } from "./words.js";

const TOLD_MS = 4_000;
const DESCRIBED_MS = 5_000;

const series = new Series();
const announcer = new Announcer();
const headline = new Headline();
const parts = new Parts();
const work = new Work();
const drills = new Drills();
const zones = new Zones(byId("rooms"), choose);
const plots = new Plots(byId("plot"), byId("plot-figures"), byId("plot-described"), series);
const timeline = new Timeline({ list: byId("events"), box: byId("events-box"), filter: byId("filter"), choose });
const changed = new Set();

let hello = null;
let view = null;
let chosen = null;
let ahead = 0; // of this machine's clock, in ms
let lastSeen = null;
let connected = true;
let told = 0;
let described = 0;

const heard = {
  hello(data) {
    hello = data;
    say(byId("name"), data.name);
    say(byId("environment"), data.environment);
    link(byId("address"), data.url);
    drills.offer(data);
    take(data.events);
    series.add(data.history);
    changed.add("traffic");
  },
  view(data) {
    view = data;
    seen(data.at);
    series.become(data.status?.state ?? "down", Date.parse(data.at));
    changed.add("view");
  },
  traffic(data) {
    seen(data.at);
    series.add([data]);
    changed.add("traffic");
  },
  events: take,
  drill(data) {
    const before = drills.faultLine;
    drills.update(data);
    if (drills.faultLine && drills.faultLine !== before) markFault(data.kind);
    announcer.tell("drill", drills.sentence);
  },
};

function take(happenings) {
  timeline.add(happenings);
  for (const it of happenings) {
    const fault = isFault(it);
    series.mark(it.number, Date.parse(it.at), fault ? "fault" : "event", fault ? faultWord(it) : "");
  }
  changed.add("traffic");
}

function markFault(kind) {
  series.mark(`drill-${now()}`, now(), "fault", `${kind} drill`, true);
  changed.add("traffic");
}

function seen(at) {
  lastSeen = at;
  ahead = Date.parse(at) - Date.now();
}

function now() {
  return Date.now() + ahead;
}

function choose(id) {
  chosen = chosen === id ? null : id;
  zones.chosen(chosen);
  timeline.chosen(chosen);
}

function draw() {
  if (document.hidden) return;
  if (changed.has("view") && view) drawView();
  if (changed.has("traffic")) drawTraffic();
  changed.clear();
}

function drawView() {
  const { status } = view;
  const name = status?.environment ?? hello?.environment ?? "The environment";
  headline.update(view, name);
  parts.update(view, now());
  zones.update(status, now());
  work.update(status, now());
  allowDrills();
  announcer.tell("state", byId("state").textContent);
  announcer.tell("stale", view.stale ? "The supervisor does not answer." : "The supervisor answers.");
}

function drawTraffic() {
  const { last } = series;
  figures(last, series.isSilent);
  const end = Math.max(last?.at ?? 0, Date.parse(lastSeen) || 0);
  if (!end) return;
  plots.draw(end, span());
  if (byId("plot-table").open) plots.write(end);
  if (end - described < DESCRIBED_MS) return;
  described = end;
  plots.describe(last);
}

function span() {
  return Number(document.querySelector("input[name=span]:checked").value) * 1000;
}

function allowDrills() {
  drills.allow(refusal());
}

function refusal() {
  if (!connected) return "There is no connection to the dashboard.";
  if (!view) return "Not known yet how the environment is.";
  if (view.status === null || view.status.state === "down") return "A drill needs an environment that is up: evenly up";
  if (view.status.state !== "healthy") return "A drill begins only when the environment is healthy again.";
  return view.stale ? "A drill begins only when the supervisor answers." : "";
}

function link(node, address) {
  const safe = /^https?:\/\//.test(address);
  say(node, address);
  mark(node, "href", safe ? address : null);
}

function lost() {
  connected = false;
  clearTimeout(told);
  say(byId("connection-said"), lastSeen
    ? `No connection to the dashboard; last seen at ${clock(lastSeen)} UTC.` : "No connection to the dashboard.");
  mark(document.body, "data-connection", "lost");
  show(byId("connection"), true);
  announcer.tell("connection", byId("connection-said").textContent);
  allowDrills();
}

function returned() {
  connected = true;
  mark(document.body, "data-connection", "there");
  say(byId("connection-said"), "Connected again.");
  announcer.tell("connection", "Connected again.");
  told = setTimeout(() => show(byId("connection"), false), TOLD_MS);
  allowDrills();
}

function listen() {
  announcer.tell("connection", "Connected.");
  new ResizeObserver(([entry]) => {
    plots.resize(Math.floor(entry.contentRect.width));
    changed.add("traffic");
    requestAnimationFrame(draw);
  }).observe(byId("plot-box"));
  for (const it of document.querySelectorAll("input[name=span]")) it.addEventListener("change", drawTraffic);
  byId("plot-table").addEventListener("toggle", drawTraffic);
  byId("show-all").addEventListener("click", () => {
    choose(chosen);
    byId("events-box").focus();
  });
  document.addEventListener("visibilitychange", () => requestAnimationFrame(draw));
  setInterval(() => document.hidden || zones.tick(now()), 1000);
  new Stream("./events", {
    lost,
    returned,
    heard(name, data) {
      heard[name](data);
      requestAnimationFrame(draw);
    },
  });
}

listen();
