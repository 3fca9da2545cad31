import { createActions } from "./actions.js";
import { linkedInvite, linkedTodo, linkTodo } from "./address.js";
import { createBottomBar } from "./bottombar.js";
import { createDialog } from "./dialog.js";
import { h, isTouch, quoted, show } from "./dom.js";
import { createFilterBar } from "./filterbar.js";
import { createHeader } from "./header.js";
import { createHeading } from "./heading.js";
import { createJoining } from "./joining.js";
import { createKeyboard } from "./keyboard.js";
import { createList } from "./list.js";
import { createLive } from "./live.js";
import { createLooking, isLooking, lookingWords, takesTodos } from "./looking.js";
import { createNotices } from "./notices.js";
import { createOverview } from "./overview.js";
import { createPageHost } from "./pagehost.js";
import { createPast } from "./past.js";
import { createPlaces } from "./places.js";
import { createPrompt } from "./prompt.js";
import { createQuarantine } from "./quarantine.js";
import { createQuestion } from "./question.js";
import { createQuickAdd } from "./quickadd.js";
import { sortOf } from "./queries.js";
import { createReminders } from "./reminders.js";
import { isNarrowed } from "./rules.js";
import { createSelection } from "./selection.js";
import { createSharing } from "./sharing.js";
import { createSidebar } from "./sidebar.js";
import { createStore } from "./store.js";
import { createViews } from "./views.js";
import { createWelcome } from "./welcome.js";

const MINUTE_MILLISECONDS = 60_000;

/**
 * The page of somebody who is logged in.
 * @param account UserRead
 * @param call a call in the account's name
 * @param {() => void} onLogOut
 * @param notices what must be told of the storage, as the server says it
 * @param {{token: () => Promise<string>, cursor: string}} feed how to follow what is changed elsewhere
 * @param tools what pages need beside: {send, storage, limits, reenter, leave}
 */
export function createBoard(account, call, toasts, limits, onLogOut, notices, feed, tools) {
  const { timezone } = account;
  const store = createStore(call, timezone);
  const views = createViews();
  const overview = createOverview(call);
  const warn = (refusal) => {
    if (refusal.code === "not_authenticated") return; // the page to log in says it
    toasts.warn(refusal.detail ?? "Something went wrong; reload the page.");
  };
  const past = createPast(call, store, toasts.say, warn, overview.touch);
  const prompt = createPrompt();
  const question = createQuestion();
  const sharing = createSharing({ account, call, overview, question, say: toasts.say, warn });
  const join = createJoining({ call, views, overview, question, say: toasts.say, warn });
  const places = createPlaces({ call, views, overview, store, past, prompt, timezone });
  const actions = {
    ...createActions(store, past, toasts, warn, timezone),
    warn,
    open: (todo) => openDialog(todo),
    select: (todo) => selection.toggle(todo),
    filterTag: (tag) => views.open({ view: "tag", name: tag }),
    clearFilters: () => views.narrow({ search: "", priority: "", tag: "", due: "" }),
    focusAdd: () => quickAdd.focus(),
    mayOnlyLook({ list_id: id }) {
      const list = overview.list(id);
      toasts.say(lookingWords(list, quoted(list.name)));
    },
    welcome: createWelcome(account, call, warn, () => Promise.all([store.load(), overview.load()])),
    mayChange: overview.mayChange,
    listName: (id) => (id && views.current().view !== "list" ? overview.list(id)?.name : null),
  };

  const filters = createFilterBar(store, views, overview, {
    saveFilter: places.saveFilter,
    clearFilters: actions.clearFilters,
    select: () => selection.begin(),
  });
  const quickAdd = createQuickAdd(account, call, store, add, limits.title);
  const looking = createLooking(views, overview, quickAdd.element);
  const list = createList(store, overview, timezone, actions, limits.title);
  let listsShown = "";
  overview.onChange(() => {
    const known = JSON.stringify(overview.current().lists.map(({ id, name, role }) => [id, name, role]));
    if (known === listsShown) return;
    listsShown = known;
    list.repaint();
    store.refresh(); // what can be done with todos may be another now
  });
  const dialog = createDialog(
    account,
    store,
    overview,
    {
      save: (...change) => noted(store.update(...change)),
      remove: actions.remove,
      parts: { ...actions, added: (change) => past.note(change, "Added.") },
      discarded: (todo, draft) => {
        toasts.say("Your changes were not saved.", { label: "Keep editing", run: () => openDialog(todo, draft) });
      },
      opened: () => element.classList.add("has-panel"), // the list makes room
      closed: () => {
        linkTodo(null);
        element.classList.remove("has-panel");
      },
    },
    limits.title,
  );
  const quarantine = createQuarantine(call, warn);
  const banner = createNotices({ quarantine: quarantine.open, acknowledge });
  banner.show(notices);
  const sidebar = createSidebar(views, overview, { addList: places.addList });
  const host = createPageHost(views, { account, call, toasts, views, warn, changed: overview.touch, ...tools });
  const selection = createSelection(list.element, store, overview, prompt, actions);
  const keyboard = createKeyboard(
    list.element,
    { ...actions, add: begin, search, undo: past.undo, redo: past.redo, rename: list.rename, shift },
    selection,
    store.get,
  );
  const live = createLive(feed.token, feed.cursor, async () => (await call("feed_cursor")).cursor, { change: learn, reload });
  const todoParts = h("div", { class: "main-todos" }, quickAdd.element, looking.element, filters.element, list.element);
  const element = h(
    "div",
    { class: "board" },
    sidebar.element,
    h("div", { class: "side-shade", "aria-hidden": "true", on: { click: () => sidebar.open(false) } }),
    h(
      "div",
      { class: "page" },
      createHeader(account, createHeading(views, overview, { ...places, share: sharing.open }, list.count).element, filters.search, onLogOut),
      banner.element,
      h("main", { class: "main" }, todoParts, host.element),
    ),
    dialog.element,
    createBottomBar(views, overview, {
      menu: () => sidebar.open(!sidebar.isOpen()),
      search,
      add: begin,
    }).element,
    selection.element,
    prompt.element,
    sharing.element,
    question.element,
    keyboard.element,
    quarantine.element,
  );

  /** What was changed elsewhere, and the echo of what was changed here. */
  function learn(change) {
    if (change.kind === "todo" && change.deleted) store.forget([change.id]);
    else if (change.todo) store.take([change.todo]);
    overview.touch();
  }

  /** Ready to write a new todo, in the Inbox where this place takes none; where one may only look, that is said. */
  function begin() {
    const place = views.current();
    if (isLooking(place, overview)) return actions.mayOnlyLook({ list_id: place.id });
    if (!takesTodos(place, overview)) views.open({ view: "inbox" });
    return quickAdd.focus();
  }

  /** Ready to search, among all where no list is open. */
  function search() {
    if (host.isOpen()) views.open({ view: "all" });
    filters.focus();
  }

  function shift(todo, direction) {
    if (sortOf(store.state().place) === "position:asc") actions.shift(todo, direction);
    else toasts.say("Todos are moved in your own order.", { label: "Use it", run: () => views.narrow({ sort: "position:asc" }) });
  }

  async function acknowledge() {
    try {
      await call("acknowledge");
      banner.show((await call("notices")).notices);
      toasts.say("Noted. What was kept stays in the quarantine.");
    } catch (refusal) {
      warn(refusal);
    }
  }

  /** Show the place that one is at. */
  async function arrive(place) {
    element.dataset.view = place.view;
    selection.clear();
    const isPage = host.isOpen();
    for (const part of [todoParts, filters.search, list.count]) show(part, !isPage);
    if (isPage) return;
    const isThere = await overview.knows(place).catch(() => true); // the list says that the server does not answer
    if (views.current() !== place) return;
    if (!isThere) views.lose(place.view);
    else await store.show({ ...place, saved: overview.filter(place.id)?.query ?? null });
  }

  /** A change that is told by whoever made it. */
  function noted(change) {
    past.note(change, "Saved.", null, { isRefusalTold: true });
    return change;
  }

  async function add(body, preview) {
    const change = store.add(body, preview);
    const toast = past.note(change, "Added.", null, { isRefusalTold: true });
    const answer = await change;
    if (answer.isShown) return;
    toast.close();
    const showAll = () => views.open({ view: "all" });
    const why = isNarrowed(store.state().place) ? "The filters hide it." : "This view does not show it.";
    toasts.say(`Added. ${why}`, { label: "Show all", run: showAll });
  }

  function openDialog(todo, draft) {
    linkTodo(todo.id);
    dialog.open(store.get(todo.id) ?? todo, draft);
  }

  async function openLinked(id) {
    try {
      const todo = await store.fetch(id);
      if (!todo.deleted_at) return openDialog(todo);
      const restoring = { label: "Restore", run: () => actions.restore(todo) };
      toasts.say("This todo is in the trash.", overview.mayChange(todo) && restoring);
    } catch (refusal) {
      warn(refusal);
    }
    return linkTodo(null);
  }

  /** All that is shown, anew. */
  function reload() {
    if (!host.isOpen()) store.load();
    overview.touch();
  }

  /** What must be told shows when the page is looked at again, and when the network is back. */
  function lookAgain() {
    if (document.visibilityState !== "visible") return;
    call("notices").then(
      (answer) => banner.show(answer.notices),
      () => {}, // the list says that the server does not answer
    );
  }

  const reminders = createReminders(call, tools.storage, ({ id, title }, isOpened) => {
    if (isOpened) openLinked(id);
    else toasts.say(["Reminder: ", quoted(title)], { label: "Open", run: () => openLinked(id) });
  });
  views.onChange(arrive);
  document.addEventListener("visibilitychange", lookAgain);
  window.addEventListener("online", lookAgain);
  const clock = setInterval(store.refresh, MINUTE_MILLISECONDS); // what was due becomes overdue while one looks

  return {
    element,
    /** Ready to write, unless something else has the focus already; a phone would open its keyboard. */
    focus: () => document.activeElement === document.body && !isTouch() && quickAdd.focus(),
    draft: quickAdd.draft,
    restore: quickAdd.restore,
    async open() {
      const id = linkedTodo();
      live.start();
      await Promise.all([arrive(views.current()), overview.load().catch(warn)]);
      if (id) await openLinked(id);
      const invite = linkedInvite();
      if (invite) await join(invite);
    },
    close() {
      document.removeEventListener("visibilitychange", lookAgain);
      window.removeEventListener("online", lookAgain);
      live.close();
      keyboard.close();
      clearInterval(clock);
      reminders.close();
      overview.close();
      views.close();
      host.close();
      dialog.close();
      prompt.close();
      sharing.close();
      question.close();
      quarantine.close();
    },
  };
}
