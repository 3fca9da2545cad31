/**
 * Building the page. Text reaches it only as text nodes and attributes, never as HTML: this file is why a todo's title
 * cannot become markup, and no other file creates elements in another way.
 */

const SVG = "http://www.w3.org/2000/svg";

/** Strokes of the icons, drawn on 24 by 24. */
const ICONS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  plus: "M12 5v14M5 12h14",
  search: "M11 18a7 7 0 1 1 0-14 7 7 0 0 1 0 14zM20 20l-4-4",
  trash: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
  edit: "M4 20h4L19 9l-4-4L4 16v4zM13 7l4 4",
  restore: "M5 12a7 7 0 1 0 2.2-5.1M5 4v4h4",
  calendar: "M5 6h14v14H5zM5 10h14M9 3.5V7M15 3.5V7",
  options: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  close: "M6 6l12 12M18 6L6 18",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4",
  select: "M5 5h14v14H5zM8.5 12l2.5 2.5 4.5-5",
  flag: "M6 21V4h11l-2 4 2 4H6",
  inbox: "M4 13l3-8h10l3 8v6H4zM4 13h5l1 2h4l1-2h5",
  star: "M12 4l2.4 5 5.4.7-4 3.8 1 5.4-4.8-2.6-4.8 2.6 1-5.4-4-3.8 5.4-.7z",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 8v4.5l3 2",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
  chart: "M5 20V11M12 20V4M19 20v-6",
  exchange: "M8 20V5M4.5 8.5L8 5l3.5 3.5M16 4v15M12.5 15.5L16 19l3.5-3.5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0",
  people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5a6.5 6.5 0 0 1 13 0M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 13.8a6.5 6.5 0 0 1 3.5 5.7",
  code: "M9 8l-4 4 4 4M15 8l4 4-4 4",
  tag: "M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01",
  menu: "M4 7h16M4 12h16M4 17h16",
  repeat: "M5 11V9a3 3 0 0 1 3-3h10M15 3l3 3-3 3M19 13v2a3 3 0 0 1-3 3H6M9 21l-3-3 3-3",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  help: "M9 9a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.8v.5M12 17.5v.01",
  save: "M5 4h11l3 3v13H5zM8 4v5h7M8 20v-6h8v6",
  warning: "M12 4l9 16H3zM12 10v4M12 17v.5",
};

/**
 * Make an element.
 * @param {string} tag
 * @param {Object<string, any>} [attributes] `class`, `on` ({event: handler}), `data` ({name: value}), properties such as
 *   `value`, and attributes; null, undefined and false leave one out
 * @param {...(Node|string|null|undefined|false)} children strings become text
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An icon; decoration only, so that whoever uses it names its button. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon, with its name for those who cannot see it. */
export function iconButton(name, label, onClick, attributes = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: onClick }, ...attributes },
    icon(name),
  );
}

/** Somebody's words within a sentence of ours, cut where they are long; they turn nothing around them, whatever they hold. */
export function quoted(text, most = 40) {
  const letters = Array.from(text);
  return h("bdi", {}, letters.length > most ? `${letters.slice(0, most).join("").trimEnd()}…` : text);
}

let serial = 0;

/** An id for a label or a description to point at. */
export function freshId(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** Show or hide without removing. */
export function show(element, isShown) {
  element.hidden = !isShown;
}

/** True where the main pointer is a finger. */
export function isTouch() {
  return window.matchMedia("(pointer: coarse)").matches;
}
