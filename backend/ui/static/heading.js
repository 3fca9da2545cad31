import { h, iconButton } from "./dom.js";
import { pageOf } from "./views.js";

const TITLES = {
  inbox: "Inbox",
  today: "Today",
  upcoming: "Upcoming",
  overdue: "Overdue",
  done: "Done",
  trash: "Trash",
  all: "All",
};

/**
 * The name of the view, and what can be done with the list, tag or filter that it shows.
 * @param {{rename: Function, remove: Function, share: Function}} actions
 * @param count how many todos it shows
 */
export function createHeading(views, overview, actions, count) {
  const title = h("h1", { class: "heading-title", dir: "auto" });
  const rename = iconButton("edit", "Rename", () => actions.rename(views.current(), title.textContent));
  const remove = iconButton("trash", "Delete", () => actions.remove(views.current()));
  const share = iconButton("people", "Share this list", () => actions.share(views.current().id));
  const element = h("div", { class: "heading" }, title, count, share, rename, remove);

  function nameOf({ view, id, name }) {
    if (view === "list") return overview.list(id)?.name ?? "List";
    if (view === "filter") return overview.filter(id)?.name ?? "Filter";
    if (view === "tag") return name;
    return TITLES[view] ?? pageOf(view).title;
  }

  function sync() {
    const place = views.current();
    title.textContent = nameOf(place);
    const what = place.view === "list" ? "this list" : place.view === "filter" ? "this filter" : "this tag";
    const list = place.view === "list" ? overview.list(place.id) : null;
    const isMine = place.view === "list" ? list?.role === "owner" : ["tag", "filter"].includes(place.view);
    rename.hidden = !isMine;
    remove.hidden = !isMine || place.view === "tag";
    share.hidden = !list;
    element.classList.toggle("has-buttons", isMine);
    for (const [button, verb] of [[share, isMine ? "Share" : "People of"], [rename, "Rename"], [remove, "Delete"]]) {
      button.setAttribute("aria-label", `${verb} ${what}`);
      button.title = `${verb} ${what}`;
    }
  }

  views.onChange(sync);
  overview.onChange(sync);
  sync();
  return { element };
}
