import { linkedTodo, linkTodo } from "./address.js";
import { createDialog } from "./dialog.js";
import { h, isTouch } from "./dom.js";
import { createFilterBar } from "./filterbar.js";
import { createHeader } from "./header.js";
import { createList } from "./list.js";
import { createNotices } from "./notices.js";
import { createQuarantine } from "./quarantine.js";
import { createQuickAdd } from "./quickadd.js";
import { NO_FILTER } from "./rules.js";
import { createStore } from "./store.js";

const MINUTE_MILLISECONDS = 60_000;

/**
 * The page of somebody who is logged in.
 * @param account UserRead
 * @param call a call in the account's name
 * @param {() => void} onLogOut
 * @param notices what must be told of the storage, as the server says it
 */
export function createBoard(account, call, toasts, limits, onLogOut, notices) {
  const store = createStore(call, account.timezone);
  const warn = (refusal) => {
    if (refusal.code === "not_authenticated") return; // the page to log in says it
    toasts.warn(refusal.detail ?? "Something went wrong; reload the page.");
  };
  /** Nothing waits for a change; a refusal comes as a toast. */
  const attempt = (work) => Promise.resolve(work).catch(warn);

  const actions = {
    warn,
    open: (todo) => openDialog(todo),
    tick: (todo, isDone) => {
      attempt(store.tick(todo.id, isDone));
      const undo = { label: "Undo", run: () => attempt(store.tick(todo.id, !isDone)) };
      if (isDone) toasts.say("Done.", undo);
    },
    rename: (todo, title) => {
      if (title) attempt(store.update(todo.id, { title }));
      else toasts.warn("A todo needs a title; the old one was kept.");
    },
    remove: (todo) => {
      const close = toasts.say("Moved to the trash.", { label: "Undo", run: () => attempt(store.restore(todo.id)) });
      attempt(store.remove(todo.id).catch(taking(close)));
    },
    restore: (todo) => attempt(store.restore(todo.id).then(() => toasts.say("Restored."))),
    filterTag: (tag) => apply({ tag }),
    clearFilters: () => filters.clearFilters(),
    focusAdd: () => quickAdd.focus(),
  };

  const filters = createFilterBar(store, apply);
  const quickAdd = createQuickAdd(account, store, add, limits.title);
  const list = createList(store, account.timezone, actions, limits.title);
  const dialog = createDialog(
    account,
    store,
    {
      remove: actions.remove,
      discarded: (todo, draft) => {
        toasts.say("Your changes were not saved.", { label: "Keep editing", run: () => openDialog(todo, draft) });
      },
      closed: () => linkTodo(null),
    },
    limits.title,
  );
  const quarantine = createQuarantine(call, warn);
  const banner = createNotices({ quarantine: quarantine.open, acknowledge });
  banner.show(notices);
  const element = h(
    "div",
    { class: "page" },
    createHeader(account, onLogOut),
    banner.element,
    h("div", { class: "main" }, quickAdd.element, filters.element, list.element),
    dialog.element,
    quarantine.element,
  );

  async function acknowledge() {
    try {
      await call("acknowledge");
      banner.show((await call("notices")).notices);
      toasts.say("Noted. What was kept stays in the quarantine.");
    } catch (refusal) {
      warn(refusal);
    }
  }

  function apply(changes) {
    quickAdd.element.hidden = (changes.view ?? store.state().filter.view) === "trash";
    store.show(changes);
  }

  async function add(draft) {
    const isShown = await store.add(draft);
    const showAll = () => apply({ ...NO_FILTER, view: "all" });
    if (!isShown) toasts.say("Added. The filters hide it.", { label: "Show all", run: showAll });
  }

  function openDialog(todo, draft) {
    linkTodo(todo.id);
    dialog.open(store.get(todo.id) ?? todo, draft);
  }

  async function openLinked(id) {
    try {
      const todo = await store.fetch(id);
      if (!todo.deleted_at) return openDialog(todo);
      toasts.say("This todo is in the trash.", { label: "Restore", run: () => attempt(store.restore(id)) });
    } catch (refusal) {
      warn(refusal);
    }
    return linkTodo(null);
  }

  /** What somebody else changed shows when the page is looked at again, and when the network is back. */
  function reload() {
    if (document.visibilityState !== "visible") return;
    store.load();
    call("notices").then(
      (answer) => banner.show(answer.notices),
      () => {}, // the list says that the server does not answer
    );
  }

  document.addEventListener("visibilitychange", reload);
  window.addEventListener("online", reload);
  const clock = setInterval(store.refresh, MINUTE_MILLISECONDS); // what was due becomes overdue while one looks

  return {
    element,
    /** Ready to write, unless something else has the focus already; a phone would open its keyboard. */
    focus: () => document.activeElement === document.body && !isTouch() && quickAdd.focus(),
    draft: quickAdd.draft,
    restore: quickAdd.restore,
    async open() {
      await store.load();
      const id = linkedTodo();
      if (id) await openLinked(id);
    },
    close() {
      document.removeEventListener("visibilitychange", reload);
      window.removeEventListener("online", reload);
      clearInterval(clock);
      dialog.close();
      quarantine.close();
    },
  };
}

/** Close the toast that promised something, and pass the refusal on. */
function taking(close) {
  return (refusal) => {
    close();
    throw refusal;
  };
}
