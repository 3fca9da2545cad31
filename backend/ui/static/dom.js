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
  flag: "M6 21V4h11l-2 4 2 4H6",
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
