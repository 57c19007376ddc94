// What the plots draw: the traffic of the last minutes, what happened in it, and how long it was not healthy.

const KEPT_MS = 300_000;
const ONE_FAULT_MS = 3_000;
const GAP_MS = 2_000; // a sample comes every half second; without one for this long there is nothing to draw

export class Series {
  samples = [];
  marks = [];
  spells = []; // {from, to}: not healthy; `to` is null while it lasts
  #state = null;

  /** `traffic`: oldest first; what is known already is left out. */
  add(traffic) {
    for (const each of traffic) {
      const at = Date.parse(each.at);
      if (at > (this.samples.at(-1)?.at ?? 0)) this.samples.push({ ...each, at });
    }
    this.#forget();
  }

  /** `tone`: event, fault or full. What comes of one fault at once is one fault and its events. `rough`: its time is
   * when we heard of it; what tells the same with a time of its own corrects that. */
  mark(id, at, tone, word, rough = false) {
    if (this.marks.some(it => it.id === id)) return;
    const same = this.marks.find(it => tone === "fault" && it.tone === tone && Math.abs(it.at - at) < ONE_FAULT_MS);
    if (same && rough) return;
    if (same?.rough) Object.assign(same, { at, rough });
    this.marks.push({ id, at, tone: same ? "event" : tone, word, rough });
    this.marks.sort((one, other) => one.at - other.at);
  }

  /** How the environment is from `at` on. */
  become(state, at) {
    if (state === this.#state) return;
    if (this.#state === "healthy") this.spells.push({ from: at, to: null });
    if (state === "healthy" && this.#state !== null) {
      const last = this.spells.at(-1);
      if (last) last.to = at;
      this.mark(`healthy-${at}`, at, "full", "healthy again");
    }
    this.#state = state;
  }

  /** Nobody has answered at the last two times: the first sample of all has none before it to compare with. */
  get isSilent() {
    return this.samples.length > 1 && this.samples.slice(-2).every(it => it.requests_per_s === null);
  }

  get last() {
    return this.samples.at(-1) ?? null;
  }

  /** The samples of `window` ms up to `end`, in runs without a gap between. `known`: whether a sample counts. */
  runs(end, window, known) {
    const runs = [];
    let before = null;
    for (const it of this.samples) {
      if (it.at < end - window || it.at > end) continue;
      const follows = before !== null && it.at - before.at <= GAP_MS;
      if (known(it)) {
        if (follows) runs.at(-1).push(it);
        else runs.push([it]);
        before = it;
      } else before = null;
    }
    return runs;
  }

  #forget() {
    const from = (this.last?.at ?? 0) - KEPT_MS;
    this.samples = this.samples.filter(it => it.at >= from);
    this.marks = this.marks.filter(it => it.at >= from);
    this.spells = this.spells.filter(it => it.to === null || it.to >= from);
  }
}

/** The axis' end: the next round number, and `least` at least. */
export function roundUp(value, least) {
  const most = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 3, 4, 5, 6, 8, 10].map(it => it * power).find(it => it >= most);
}

/** The whole decades around what is seen. */
export function decades(values) {
  const low = values.reduce((least, it) => Math.min(least, it), Infinity);
  const high = values.reduce((most, it) => Math.max(most, it), 0);
  if (!(low > 0 && high > 0)) return [1, 100];
  const first = Math.min(0, Math.floor(Math.log10(low)));
  return [10 ** Math.max(first, -2), 10 ** Math.max(1, Math.ceil(Math.log10(high)))];
}
