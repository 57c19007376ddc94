// The stream of events from the dashboard's process: opened again whenever it breaks, closed while nobody looks.

const NAMES = ["hello", "view", "traffic", "events", "drill"];
const SILENCE_MS = 6_000; // a view comes every 2 s at least
const AGAIN_MS = 2_000;
const HIDDEN_MS = 60_000;

/** `heard(name, data)` for each event; `lost()` and `returned()` when the connection breaks and is there again. */
export class Stream {
  #address; #heard; #lost; #returned;
  #source = null;
  #broken = false;
  #silence = 0;
  #again = 0;
  #hidden = 0;

  constructor(address, { heard, lost, returned }) {
    this.#address = address;
    this.#heard = heard;
    this.#lost = lost;
    this.#returned = returned;
    document.addEventListener("visibilitychange", () => this.#looked());
    window.addEventListener("pagehide", () => this.#close());
    window.addEventListener("pageshow", () => this.#open());
    this.#open();
  }

  #open() {
    if (this.#source) return;
    this.#source = new EventSource(this.#address);
    this.#source.addEventListener("error", () => this.#failed());
    for (const name of NAMES) this.#source.addEventListener(name, event => this.#came(name, event.data));
    this.#listen();
  }

  #close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = null;
  }

  #came(name, data) {
    this.#listen();
    if (this.#broken && name === "hello") {
      this.#broken = false;
      this.#returned();
    }
    this.#heard(name, JSON.parse(data));
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#anew(), SILENCE_MS);
  }

  /** The browser tries again by itself, unless it was refused. */
  #failed() {
    this.#breaks();
    if (this.#source?.readyState !== EventSource.CLOSED) return;
    this.#close();
    this.#again = setTimeout(() => this.#open(), AGAIN_MS);
  }

  #anew() {
    this.#breaks();
    this.#close();
    this.#open();
  }

  #breaks() {
    if (this.#broken) return;
    this.#broken = true;
    this.#lost();
  }

  #looked() {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#close(), HIDDEN_MS);
    else this.#open();
  }
}
