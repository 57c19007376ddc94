// What happened, the newest first; all of it, or that of one instance.

import { element, say, show, sign } from "./dom.js";
import { clock } from "./words.js";

const KEPT = 300;
const SHAPES = [[/^(zone-lost|lost-|kill|problem|not-renewed|damaged-record|own-certificate-refused)/, "wrong"],
  [/^(ready-|zone-returns|adopt-)/, "good"], [/^(launch|start-|scale|migrate)/, "coming"],
  [/^drain/, "draining"], [/^(stop|ended-)/, "stopping"]];

/** A fault by itself: what nobody has asked for. */
export function isFault(happening) {
  return happening.action === "zone-lost" || Boolean(happening.crashed);
}

/** The fault in two or three words. */
export function faultWord(happening) {
  if (happening.action === "zone-lost") return `${happening.zone ?? "zone"} lost`;
  return happening.instance ? "instance lost" : `${happening.crashed} lost`;
}

export class Timeline {
  #list; #filter; #box; #choose;
  #rows = new Map();
  #chosen = null;

  /** `box` scrolls `list`; `filter` says whose events are shown. `choose(id)`: an instance was picked. */
  constructor({ list, box, filter, choose }) {
    this.#list = list;
    this.#box = box;
    this.#filter = filter;
    this.#choose = choose;
  }

  /** Oldest first; those that are known already are left out. What the reader looks at stays where it is. */
  add(happenings) {
    const fresh = happenings.filter(it => !this.#rows.has(it.number));
    if (!fresh.length) return;
    const before = this.#box.scrollHeight;
    for (const it of fresh) this.#rows.set(it.number, this.#row(it));
    this.#list.prepend(...fresh.map(it => this.#rows.get(it.number)).reverse());
    if (this.#box.scrollTop > 0) this.#box.scrollTop += this.#box.scrollHeight - before;
    for (const number of [...this.#rows.keys()].slice(0, Math.max(0, this.#rows.size - KEPT))) this.#drop(number);
  }

  chosen(id) {
    this.#chosen = id;
    for (const row of this.#rows.values()) this.#sift(row);
    show(this.#filter, id !== null);
    if (id !== null) say(this.#filter.querySelector("code"), id);
    this.#box.scrollTop = 0;
  }

  #row(it) {
    const shape = SHAPES.find(([of]) => of.test(it.action))?.[1] ?? "note";
    const row = element("li", {}, sign(isFault(it) ? "wrong" : shape),
      element("time", { datetime: it.at }, clock(it.at)), element("span", { class: "what" }, ...this.#sentence(it)));
    row.dataset.instance = it.instance ?? "";
    this.#sift(row);
    return row;
  }

  /** The sentence, its instance's id as a button. */
  #sentence(it) {
    const at = it.instance ? it.what.indexOf(it.instance) : -1;
    if (at < 0) return [it.what];
    const pick = element("button", { type: "button", class: "pick" }, element("code", {}, it.instance));
    pick.addEventListener("click", () => this.#choose(it.instance));
    return [it.what.slice(0, at), pick, it.what.slice(at + it.instance.length)];
  }

  #sift(row) {
    show(row, this.#chosen === null || row.dataset.instance === this.#chosen);
  }

  #drop(number) {
    this.#rows.get(number).remove();
    this.#rows.delete(number);
  }
}
