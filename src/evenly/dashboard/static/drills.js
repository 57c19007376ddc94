// The drills: what each breaks, a question before it begins, its lines while it runs, and its verdict.

import { arrange, byId, element, mark, reshape, say, show } from "./dom.js";

const REPORT = /^\.\/reports\/[^/]+\.html$/;
const FAULT = " s  fault: "; // as cli/drilltext.py writes it
const IDLE = { state: "idle", kind: null, lines: [], passed: null, void: false, sentence: null, report: null };

export class Drills {
  #hello = null;
  #state = IDLE;
  #asked = null;
  #why = "";
  #buttons = new Map();
  #dialog = byId("confirm");
  #rate = byId("rate");

  constructor() {
    byId("confirm-form").addEventListener("submit", event => {
      event.preventDefault();
      void this.#begin();
    });
    byId("confirm-no").addEventListener("click", () => this.#dialog.close());
    byId("stop").addEventListener("click", () => void this.#stop());
    this.#rate.addEventListener("input", () => this.#allow());
  }

  offer(hello) {
    this.#hello = hello;
    if (!this.#rate.dataset.offered) {
      this.#rate.dataset.offered = "yes";
      this.#rate.value = hello.rates[0] ?? 200;
    }
    arrange(byId("drill-list"), hello.drills.map(it => this.#button(it).parentNode));
  }

  update(state) {
    this.#state = state;
    const runs = state.state === "running" || state.state === "stopping";
    byId("stop").disabled = state.state !== "running";
    show(byId("stop"), runs);
    this.#told();
    this.#lines(state.lines);
    this.#allow();
  }

  /** `why`: a sentence that says why no drill may begin; empty if one may. */
  allow(why) {
    this.#why = why;
    this.#allow();
  }

  get sentence() {
    return sentence(this.#state);
  }

  /** The line that tells that the fault is in place; `null` before. */
  get faultLine() {
    return this.runs ? this.#state.lines.find(it => it.includes(FAULT)) ?? null : null;
  }

  get runs() {
    return ["running", "stopping"].includes(this.#state.state);
  }

  #button({ kind, what }) {
    if (!this.#buttons.has(kind)) {
      const id = `drill-${this.#buttons.size}`;
      const button = element("button", { type: "button", "aria-describedby": `${id} drill-why` }, kind);
      button.addEventListener("click", () => this.#ask(kind, what));
      element("li", {}, button, element("span", { id }, what));
      this.#buttons.set(kind, button);
    }
    return this.#buttons.get(kind);
  }

  #refusal() {
    if (this.#hello?.production) return "This is production: drills are asked for by its name, with the command evenly drill.";
    if (this.runs) return "A drill runs: one at a time.";
    return this.#why || (this.#rate.validity.valid ? "" : "The rate is a whole number of requests a second, from 1 on.");
  }

  #allow() {
    const why = this.#refusal();
    say(byId("drill-why"), why);
    for (const button of this.#buttons.values()) mark(button, "aria-disabled", why ? "true" : null);
  }

  #ask(kind, what) {
    if (this.#refusal()) return;
    this.#asked = kind;
    say(byId("confirm-kind"), kind);
    say(byId("confirm-what"), `${what[0].toUpperCase()}${what.slice(1)}.`);
    say(byId("confirm-rate"), this.#rate.value);
    say(byId("confirm-refused"), "");
    byId("confirm-yes").disabled = false;
    this.#dialog.showModal();
  }

  async #begin() {
    const yes = byId("confirm-yes");
    yes.disabled = true;
    const refused = await asked("POST", JSON.stringify({ kind: this.#asked, rate: Number(this.#rate.value) }));
    yes.disabled = false;
    if (refused === null) this.#dialog.close();
    say(byId("confirm-refused"), refused ?? "");
  }

  async #stop() {
    byId("stop").disabled = true;
    const refused = await asked("DELETE");
    if (refused === null) return;
    byId("stop").disabled = !this.runs;
    say(byId("drill-why"), refused);
  }

  #told() {
    const { passed, report } = this.#state;
    const shape = { idle: "note", running: "coming", stopping: "stopping", refused: "wrong" }[this.#state.state];
    reshape(byId("drill-sign"), shape ?? (this.#state.void ? "wrong" : passed ? "good" : "bad"));
    say(byId("drill-said"), this.sentence);
    const known = REPORT.test(report ?? "");
    show(byId("drill-report"), known);
    mark(byId("drill-report"), "href", known ? report : null);
  }

  #lines(lines) {
    const list = byId("drill-lines");
    const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 8;
    lines.forEach((line, place) => {
      if (place < list.children.length) say(list.children[place], line.trim());
      else list.append(element("li", {}, line.trim()));
    });
    while (list.children.length > lines.length) list.lastChild.remove();
    if (follows) list.scrollTop = list.scrollHeight;
  }
}

function sentence(drill) {
  switch (drill.state) {
    case "idle": return "No drill has run yet.";
    case "running": return `Drill ${drill.kind} runs.`;
    case "stopping": return `Drill ${drill.kind} is stopped; what it broke is put right.`;
    default: return drill.sentence ?? `Drill ${drill.kind} ended.`;
  }
}

/** What came of it: `null` if it was taken, or why not, as text. */
async function asked(method, body) {
  try {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const answer = await fetch("./drills", { method, body, headers });
    if (answer.ok) return null;
    const told = await answer.json().catch(() => ({}));
    return [told.what ?? `The dashboard refused (${answer.status}).`, told.try && `Try: ${told.try}`].filter(Boolean).join(" ");
  } catch {
    return "The dashboard does not answer. Nothing was begun, as far as is known.";
  }
}
