// Nodes of the page. Whatever comes from outside becomes text or an attribute's value, never markup.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

export function say(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

/** Sets an attribute where it is another one; `null` takes it away. */
export function mark(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function show(node, whether) {
  if (node.hidden === whether) node.hidden = !whether;
}

/** A shape that says a state without colour; its word stands beside it. */
export function sign(shape) {
  return drawn("svg", { class: `sign ${shape}`, viewBox: "0 0 24 24", "aria-hidden": "true" },
    drawn("use", { href: `#sign-${shape}` }));
}

export function reshape(node, shape) {
  mark(node, "class", `sign ${shape}`);
  mark(node.firstChild, "href", `#sign-${shape}`);
}

/** Makes `parent` hold `nodes` in that order, and moves only those that are elsewhere. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...parent.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, place) => {
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
