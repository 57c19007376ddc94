// How the environment is, in one line, and its parts; the figures of the moment.

import { arrange, byId, element, mark, reshape, say, show, sign } from "./dom.js";
import { age, digits, headline, shapeOf } from "./words.js";

const STALE = "The supervisor does not answer; this is what its record says.";
const FIGURES = { requests: "requests_per_s", p50: "p50_ms", p95: "p95_ms", p99: "p99_ms", errors: "errors_per_s",
  active: "active" };

export class Headline {
  #said = [];

  update(view, name) {
    const { status } = view;
    const state = status?.state ?? "down";
    say(byId("state"), headline(name, status));
    reshape(byId("state-sign"), shapeOf(state));
    mark(document.body, "data-state", state);
    mark(document.body, "data-stale", view.stale);
    document.title = `${state} \u00b7 ${name} \u00b7 Evenly`;
    this.#tell(said(view));
  }

  #tell(sentences) {
    const key = sentences.map(it => it.text).join("\n");
    if (this.#said === key) return;
    this.#said = key;
    byId("said").replaceChildren(...sentences.map(it => element("li", {}, sign(it.shape), element("span", {}, it.text))));
  }
}

/** What has to be known beside the state: why it is not healthy, and what a person has to do. */
function said({ status, stale, problem }) {
  const why = problem ?? (stale ? STALE : status?.problem ?? hint(status));
  return [
    why && { shape: stale ? "unknown" : status?.state === "healthy" ? "note" : "wrong", text: why },
    ...(status?.notices ?? []).map(text => ({ shape: "note", text })),
  ].filter(Boolean);
}

function hint(status) {
  if (status === null || status.state === "down") return "Bring it up with: evenly up";
  return status.state === "degraded" ? "It is being put right." : null;
}

export class Parts {
  #rows = new Map();

  update({ status, release }, now) {
    const rows = ["balancer", "database", "supervisor"].map(name => this.#row(name, state(status, name)));
    const standby = status?.database_members?.find(it => it.role === "standby");
    if (standby) rows.splice(2, 0, this.#row("standby", ...following(standby)));
    const number = release?.number ?? status?.release;
    const since = release?.made_at ? `, ${age(release.made_at, now)} old` : "";
    rows.push(this.#row("release", number ? `${number}${since}` : "none", number ? "good" : "unknown"));
    arrange(byId("parts"), rows);
  }

  #row(name, word, shape = shapeOf(word)) {
    if (!this.#rows.has(name)) {
      const node = element("li", { "data-part": name }, sign(shape), element("span", {}, name), " ", element("b"));
      this.#rows.set(name, node);
    }
    const node = this.#rows.get(name);
    reshape(node.firstChild, shape);
    say(node.lastChild, word);
    return node;
  }
}

function state(status, name) {
  if (status === null) return "down";
  return status[name]?.state ?? "none";
}

function following(standby) {
  if (standby.in_sync) return ["in sync", "good"];
  return standby.state === "running" ? ["not in sync", "coming"] : [standby.state, shapeOf(standby.state)];
}

/** The large numbers. `sample`: `null` if nothing is known; `silent`: the balancer has not answered for a while. */
export function figures(sample, silent) {
  for (const [id, name] of Object.entries(FIGURES)) say(byId(`figure-${id}`), digits(sample?.[name]));
  show(byId("silent"), silent);
  mark(byId("figures"), "data-wrong", sample?.errors_per_s > 0);
}
