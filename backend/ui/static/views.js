/**
 * Where one is: the view lives in the address, so that a reload, a link and the back button all work.
 *
 * A place is `{view, id, name, search, priority, tag, due, sort}`; what is empty is not in the address. Views of todos:
 * inbox, today, upcoming, overdue, done, trash, all, list (`id`), tag (`name`), filter (`id`). Every other view is a page
 * that its own module registers when it is loaded:
 *
 *   registerPage("stats", {
 *     title: "Statistics",
 *     draw(host, context) {},  // fills the empty element; context: {account, call, toasts, views}
 *     leave() {},              // optional: another view opens
 *   });
 *
 * While a page is open the list is hidden. The board and `document.body` carry the view as `data-view`.
 */
const NOWHERE = { view: "inbox", id: "", name: "", search: "", priority: "", tag: "", due: "", sort: "" };
const TODO_VIEWS = ["inbox", "today", "upcoming", "overdue", "done", "trash", "all", "list", "tag", "filter"];
const MISSING = "missing"; // the page that says so, where an address leads to nothing
const registered = new Map();

/** Make a view that is no list of todos. */
export function registerPage(name, page) {
  registered.set(name, page);
}

/** The page of a view; undefined where the view is a list of todos. */
export function pageOf(view) {
  return registered.get(view);
}

/** The place that an address names. */
function placeOf(address) {
  const said = new URL(address).searchParams;
  const place = Object.fromEntries(Object.entries(NOWHERE).map(([part, empty]) => [part, said.get(part) ?? empty]));
  return TODO_VIEWS.includes(place.view) || registered.has(place.view) ? place : { ...NOWHERE, view: MISSING };
}

/** The address of a place. What else the address says, such as Gradio's own parameters, stays in it. */
export function addressOf(place) {
  const address = new URL(window.location.href);
  address.searchParams.delete("todo");
  for (const [part, empty] of Object.entries(NOWHERE)) {
    if (place[part] && place[part] !== empty) address.searchParams.set(part, place[part]);
    else address.searchParams.delete(part);
  }
  return address.href;
}

/** The current view, opening another one, and being told of it. */
export function createViews() {
  const listeners = [];
  let place = placeOf(window.location.href);

  function arrive(next) {
    place = next;
    document.body.dataset.view = place.view;
    listeners.forEach((listener) => listener(place));
  }

  const follow = () => arrive(placeOf(window.location.href));
  window.addEventListener("popstate", follow);
  document.body.dataset.view = place.view;

  return {
    current: () => place,
    onChange: (listener) => listeners.push(listener),

    /** Open a view, with no more than what is named here. */
    open(changes) {
      const next = { ...NOWHERE, ...changes };
      const address = addressOf(next);
      if (address !== window.location.href) window.history.pushState(null, "", address);
      arrive(next);
    },

    /** There is no such list or filter: say so, at the same address. */
    lose: (what) => arrive({ ...NOWHERE, view: MISSING, name: what }),

    /** Narrow what the view shows. Each letter of a search would be a step back: the step is replaced. */
    narrow(changes) {
      const next = { ...place, ...changes };
      window.history.replaceState(window.history.state, "", addressOf(next));
      arrive(next);
    },

    close() {
      window.removeEventListener("popstate", follow);
      delete document.body.dataset.view;
    },
  };
}
