// What a screen reader is told: changes of state, each once, those of one moment together.

import { byId } from "./dom.js";

const TOGETHER_MS = 400;

export class Announcer {
  #waiting = [];
  #known = new Map();

  /** Tells `sentence` if `about` was something else before; the first of each is no change. */
  tell(about, sentence) {
    const before = this.#known.get(about);
    this.#known.set(about, sentence);
    if (before === undefined || before === sentence || !sentence) return;
    if (!this.#waiting.length) setTimeout(() => this.#say(), TOGETHER_MS);
    this.#waiting.push(sentence);
  }

  #say() {
    byId("announcer").textContent = this.#waiting.join(" ");
    this.#waiting = [];
  }
}
