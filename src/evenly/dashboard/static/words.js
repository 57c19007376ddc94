// How values are told to people, as the command line and the reports tell them. Times are milliseconds since 1970.

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const UNITS = [[86_400, "d"], [3_600, "h"], [60, "min"]];
export const NOTHING = "\u2013";

/** The shape for each state's word. */
const SHAPES = {
  healthy: "good", running: "good", succeeded: "good", elsewhere: "elsewhere",
  launching: "coming", starting: "coming", draining: "draining", stopping: "stopping", stopped: "stopping",
  unhealthy: "wrong", degraded: "wrong", "timed-out": "wrong", failed: "bad", lost: "bad", down: "bad", gone: "bad",
  skipped: "stopping", missed: "wrong", none: "unknown",
};

export function shapeOf(word) {
  return Object.hasOwn(SHAPES, word) ? SHAPES[word] : "unknown";
}

/** Three digits, and never an exponent; a whole number as it is. */
export function digits(value) {
  if (value === null || value === undefined) return NOTHING;
  if (Number.isInteger(value)) return NUMBER.format(value);
  for (const [limit, decimals] of [[9.995, 2], [99.95, 1]]) if (Math.abs(value) < limit) return value.toFixed(decimals);
  return NUMBER.format(value);
}

export function countOf(count, one) {
  return `${NUMBER.format(count)} ${count === 1 ? one : `${one}s`}`;
}

/** `8 s`, `3 min`, `5 h`, `12 d`. */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  for (const [size, unit] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${Math.max(0, Math.floor(seconds))} s`;
}

export function age(at, now) {
  const since = Date.parse(at);
  return Number.isNaN(since) ? NOTHING : duration(now - since);
}

/** `12:00:04`, UTC. */
export function clock(at) {
  const moment = new Date(at);
  return Number.isNaN(moment.getTime()) ? NOTHING : moment.toISOString().slice(11, 19);
}

/** Each zone's share of `desired`, as core/spread.py shares it out: what is left over goes to those that hold most. */
export function shares(zones, desired) {
  const open = zones.filter(zone => zone.available);
  const each = Math.floor(desired / open.length);
  const favoured = [...open].sort((one, other) => serving(other) - serving(one)).slice(0, desired % open.length);
  return new Map(open.map(zone => [zone.name, each + favoured.includes(zone)]));
}

export function serving(zone) {
  return zone.instances.filter(it => it.state === "healthy").length;
}

/** The state in one line. */
export function headline(name, status) {
  if (status === null) return `${name} is down: nothing runs.`;
  if (status.state === "down") return `${name} is down: nothing serves.`;
  const count = status.zones.reduce((sum, zone) => sum + serving(zone), 0);
  const told = `${count} of ${countOf(status.desired, "instance")} ${count === 1 ? "serves" : "serve"}`;
  if (status.state === "healthy") return `${name} is healthy: ${told}, evenly over ${countOf(status.zones.length, "zone")}.`;
  return `${name} is ${status.state}: ${[told, ...ailing(status)].join("; ")}.`;
}

function ailing(status) {
  const out = status.zones.filter(zone => !zone.available).map(zone => `${zone.name} is out`);
  const parts = ["balancer", "database"].filter(it => status[it] && !["running", "elsewhere"].includes(status[it].state));
  return [...out, ...parts.map(it => `the ${it} is ${status[it].state}`)];
}
