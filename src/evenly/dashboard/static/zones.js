// The zones as rooms, and their instances as cards that come, serve, drain and go.

import { arrange, element, mark, reshape, say, sign } from "./dom.js";
import { age, serving, shapeOf, shares } from "./words.js";

const GONE_MS = 4_000; // how long a card of what is gone stays to be seen
const FADE_MS = 400;
const MANY = 8; // cards in a room, beyond which they are small
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Zones {
  #root; #choose;
  #desired = 0;
  #rooms = new Map();

  /** `choose(id)`: an instance's card was pressed. */
  constructor(root, choose) {
    this.#root = root;
    this.#choose = choose;
  }

  update(status, now) {
    const zones = status?.zones ?? [...this.#rooms.values()].map(room => room.closed());
    this.#desired = status?.desired ?? this.#desired;
    const desired = this.#desired;
    const wanted = shares(zones, desired);
    for (const zone of zones) if (!this.#rooms.has(zone.name)) this.#rooms.set(zone.name, new Room(zone.name, this.#choose));
    const names = new Set(zones.map(zone => zone.name));
    for (const name of [...this.#rooms.keys()]) if (!names.has(name)) this.#rooms.delete(name);
    for (const zone of zones) this.#rooms.get(zone.name).update(zone, wanted.get(zone.name) ?? 0, desired, now);
    arrange(this.#root, zones.map(zone => this.#rooms.get(zone.name).node));
  }

  chosen(id) {
    for (const room of this.#rooms.values()) room.chosen(id);
  }

  tick(now) {
    for (const room of this.#rooms.values()) room.tick(now);
  }
}

class Room {
  #name; #choose;
  #cards = new Map();
  #spaces = [];
  #share = 0;
  #places = 0;
  #chosen = null;
  #sign = sign("good");
  #state = element("span");
  #count = element("p", { class: "count" });
  #list;

  constructor(name, choose) {
    this.#name = name;
    this.#choose = choose;
    const title = element("h3", { tabindex: "-1" }, element("code", {}, name));
    this.#list = element("ul", { class: "cards", role: "list", "aria-label": `Instances in ${name}` });
    const door = element("p", { class: "door" }, this.#sign, this.#state);
    this.node = element("section", { class: "room", "aria-label": `Zone ${name}` },
      element("div", { class: "lintel" }, title, door, this.#count), this.#list);
  }

  /** The zone as it is when nothing of the environment runs. */
  closed() {
    return { name: this.#name, available: false, off: true, instances: [] };
  }

  update(zone, share, desired, now) {
    const count = serving(zone);
    const short = zone.available && count < share;
    this.#share = share;
    this.#places = Math.min(desired, MANY);
    mark(this.node, "data-available", zone.available);
    reshape(this.#sign, zone.available ? (short ? "wrong" : "good") : "closed");
    say(this.#state, zone.available ? (short ? "short" : "open") : (zone.off ? "off" : "out"));
    say(this.#count, zone.available ? `${count} of ${share} ${count === 1 ? "serves" : "serve"}` : "nothing serves here");
    this.#hold(zone.instances, now);
    this.#furnish();
  }

  chosen(id) {
    this.#chosen = id;
    for (const [each, card] of this.#cards) card.press(each === id);
  }

  tick(now) {
    for (const card of this.#cards.values()) card.tick(now);
  }

  #hold(instances, now) {
    const here = new Set(instances.map(it => it.id));
    for (const it of instances) this.#card(it.id).update(it, now);
    for (const [id, card] of this.#cards) if (!here.has(id)) card.leave(() => this.#forget(id, card));
  }

  #card(id) {
    const held = this.#cards.get(id);
    if (held && !held.leaving) return held;
    held?.node.remove();
    const card = new Card(id, this.#choose);
    card.press(id === this.#chosen);
    this.#cards.set(id, card);
    return card;
  }

  #forget(id, card) {
    if (this.#cards.get(id) !== card) return;
    this.#cards.delete(id);
    if (card.node.contains(document.activeElement)) this.node.querySelector("h3").focus();
    this.#furnish();
  }

  /** Places that wait for an instance are outlined; those that the others' loss would fill are kept free. */
  #furnish() {
    const cards = [...this.#cards.values()];
    const present = cards.filter(card => !card.leaving).length;
    const free = Math.max(0, Math.max(this.#share, this.#places) - cards.length);
    while (this.#spaces.length < free) this.#spaces.push(space());
    this.#spaces.length = free;
    this.#spaces.forEach((it, place) => mark(it, "class", place < this.#share - present ? "space wanted" : "space"));
    mark(this.node, "data-many", this.#cards.size > MANY);
    arrange(this.#list, [...cards.map(card => card.node), ...this.#spaces]);
  }
}

class Card {
  leaving = false;
  #sign = sign("coming");
  #word = element("b");
  #release = element("span");
  #age = element("span");
  #outdated = element("span", { class: "outdated" });
  #button;
  #startedAt = null;

  constructor(id, choose) {
    this.#button = element("button", { type: "button", "aria-pressed": "false" },
      element("span", { class: "state" }, this.#sign, this.#word), " ", element("code", {}, id), " ",
      element("span", { class: "more" }, this.#release, " ", this.#age), " ", this.#outdated);
    this.#button.addEventListener("click", () => choose(id));
    this.node = element("li", { class: "card", "data-id": id }, this.#button);
  }

  update(instance, now) {
    this.#become(instance.state);
    this.#startedAt = instance.started_at;
    say(this.#release, `release ${instance.release}`);
    say(this.#outdated, instance.outdated ? `being replaced: ${instance.outdated}` : "");
    this.tick(now);
  }

  press(whether) {
    mark(this.#button, "aria-pressed", whether);
  }

  tick(now) {
    if (!this.leaving) say(this.#age, age(this.#startedAt, now));
  }

  leave(forget) {
    if (this.leaving) return;
    this.leaving = true;
    this.#become("gone");
    const fade = calm.matches ? 0 : FADE_MS;
    setTimeout(() => this.node.classList.add("leaves"), GONE_MS - fade);
    setTimeout(forget, GONE_MS);
  }

  #become(state) {
    mark(this.node, "data-state", state);
    reshape(this.#sign, shapeOf(state));
    say(this.#word, state);
  }
}

function space() {
  return element("li", { class: "space", "aria-hidden": "true" });
}
