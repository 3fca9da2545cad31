import { h, show } from "./dom.js";
import { pageOf } from "./views.js";

/** The place for views that are no list of todos: draws the registered page of the current view. */
export function createPageHost(views, context) {
  const element = h("div", { class: "page-host" });
  let open = null;

  function leave() {
    open?.leave?.();
    open = null;
    element.replaceChildren();
  }

  function sync({ view }) {
    leave();
    open = pageOf(view) ?? null;
    show(element, Boolean(open));
    open?.draw(element, context);
  }

  views.onChange(sync);
  sync(views.current());
  return { element, isOpen: () => open !== null, close: leave };
}
