import { h, iconButton } from "./dom.js";

const SHORT_MILLISECONDS = 5_000;
const LONG_MILLISECONDS = 10_000;
const MOST_ALARMS = 3;

/**
 * Short messages at the edge of the page. News is spoken when there is a pause, refusals at once. What they say is a
 * text, or a list of texts and elements.
 */
export function createToasts() {
  const news = h("div", { role: "status", "aria-live": "polite" });
  const alarms = h("div", { role: "alert" });
  const element = h("div", { class: "toasts" }, news, alarms);

  function add(region, text, action) {
    while (region.children.length >= (region === alarms ? MOST_ALARMS : 1)) region.firstChild.remove();
    const words = h("p", { dir: "auto" }, ...[text].flat());
    const toast = h("div", { class: region === alarms ? "toast is-alarm" : "toast" }, words);
    const close = () => toast.remove();
    if (action) {
      const act = () => {
        close();
        action.run();
      };
      toast.append(h("button", { type: "button", class: "toast-action", on: { click: act } }, action.label));
    }
    toast.append(iconButton("close", "Dismiss", close));
    dismissLater(toast, close, action || region === alarms ? LONG_MILLISECONDS : SHORT_MILLISECONDS);
    region.append(toast);
    return { close, write: (other) => words.replaceChildren(...[other].flat()) };
  }

  return {
    element,
    /** Say what happened; with `{label, run}` also how to take it back. Answers `{close, write}`. News takes the place of older news. */
    say: (text, action) => add(news, text, action),
    /** Say what went wrong. */
    warn: (text, action) => add(alarms, text, action),
    clear: () => {
      news.replaceChildren();
      alarms.replaceChildren();
    },
  };
}

/** Nobody has to hurry: the time stands still while the pointer or the focus is on the toast. */
function dismissLater(toast, close, milliseconds) {
  let timer;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(close, milliseconds);
  };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}
