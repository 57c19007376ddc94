// Workers and jobs, where there are some.

import { arrange, byId, element, mark, reshape, say, show, sign } from "./dom.js";
import { NOTHING, clock, duration, shapeOf } from "./words.js";

export class Work {
  #workers = new Map();
  #jobs = new Map();

  update(status, now) {
    const { workers = [], jobs = [] } = status ?? {};
    show(byId("work"), workers.length + jobs.length > 0);
    this.#fill(byId("workers"), this.#workers, workers, worker);
    this.#fill(byId("jobs"), this.#jobs, jobs, it => job(it, now));
  }

  #fill(list, rows, items, told) {
    for (const it of items) if (!rows.has(it.name)) rows.set(it.name, new Row(it.name));
    for (const it of items) rows.get(it.name).say(told(it));
    arrange(list, items.map(it => rows.get(it.name).node));
    show(list.parentNode, items.length > 0);
  }
}

class Row {
  #sign = sign("unknown");
  #word = element("b");
  #more = element("span", { class: "quiet" });

  constructor(name) {
    this.node = element("li", { "data-name": name }, this.#sign, element("code", {}, name), " ", this.#word, " ", this.#more);
  }

  say({ state, word, more }) {
    reshape(this.#sign, shapeOf(state));
    mark(this.node, "data-state", state);
    say(this.#word, word);
    say(this.#more, more);
  }
}

function worker(it) {
  const running = Object.values(it.running).reduce((sum, count) => sum + count, 0);
  const zones = Object.entries(it.running).map(([zone, count]) => `${count} in ${zone}`).join(", ");
  const state = running >= it.desired ? "running" : it.failed ? "failed" : "starting";
  return { state, word: `${running} of ${it.desired} running`, more: it.failed ? `${it.failed} ${it.why}` : zones };
}

function job(it, now) {
  const next = it.next_at ? `next at ${clock(it.next_at)}, in ${duration(Date.parse(it.next_at) - now)}` : "never again";
  const more = `${it.schedule}; ${next}`;
  if (it.running) return { state: "running", word: "running", more: `since ${clock(it.running.started_at)}; ${more}` };
  if (!it.last) return { state: "none", word: "has not run yet", more };
  const at = it.last.started_at ? ` at ${clock(it.last.started_at)}` : "";
  const why = it.last.outcome === "succeeded" ? "" : `${it.last.why ?? NOTHING}; `;
  return { state: it.last.outcome, word: `${it.last.outcome}${at}`, more: `${why}${more}` };
}
