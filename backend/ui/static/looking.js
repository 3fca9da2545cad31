import { h, quoted, show } from "./dom.js";
import { pageOf } from "./views.js";

const TAKE_NOTHING = ["trash", "done"];

/** That one may only look at a list, and who can change it; in pieces, as toasts and elements take them. */
export function lookingWords(list, name = "this list") {
  return ["You can look at ", name, ", not change it. Ask ", quoted(list.owner_name), " to make you an editor."];
}

/** Whether a place is a list that one may only look at. */
export function isLooking({ view, id }, overview) {
  return view === "list" && !overview.mayChange({ list_id: id });
}

/** Whether todos can be added at a place. */
export function takesTodos(place, overview) {
  return !pageOf(place.view) && !TAKE_NOTHING.includes(place.view) && !isLooking(place, overview);
}

/**
 * What stands in the place of the line for new todos where one may only look: that it is so, and who can change it.
 * @param line where todos are added
 */
export function createLooking(views, overview, line) {
  const element = h("p", { class: "card looking", role: "status" });

  function sync() {
    const place = views.current();
    const mayOnlyLook = isLooking(place, overview);
    show(line, takesTodos(place, overview));
    show(element, mayOnlyLook);
    if (mayOnlyLook) element.replaceChildren(...lookingWords(overview.list(place.id)));
  }

  views.onChange(sync);
  overview.onChange(sync);
  sync();
  return { element };
}
