import { h, quoted, show } from "./dom.js";

/**
 * What stands in the place of the line for new todos where one may only look: that it is so, and who can change it.
 * @param line where todos are added
 */
export function createLooking(views, overview, line) {
  const element = h("p", { class: "card looking", role: "status" });

  function sync() {
    const { view, id } = views.current();
    const isLooking = view === "list" && !overview.mayChange({ list_id: id });
    show(line, !isLooking && !["trash", "done"].includes(view));
    show(element, isLooking);
    if (!isLooking) return;
    const owner = quoted(overview.list(id).owner_name);
    element.replaceChildren("You can look at this list, not change it. Ask ", owner, " to make you an editor.");
  }

  views.onChange(sync);
  overview.onChange(sync);
  sync();
  return { element };
}
