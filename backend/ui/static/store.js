import { newId } from "./ids.js";
import { asQuery, compare, folded, matches, NO_FILTER } from "./rules.js";

const PAGE = 100;
const MOST_AT_ONCE = 1_000;
const LEAVING_MILLISECONDS = 650;

/**
 * The todos that the page shows. A change shows at once, as a patch over what the server last said; the server's answer
 * replaces the patch, and a refusal just drops it. Changes of one todo reach the server in the order they were made.
 * @param call a call in the account's name
 * @param timezone the account's, in which words like today are meant
 */
export function createStore(call, timezone) {
  /** id → {todo: what the server last said, patches: what it has not confirmed yet, view: both together} */
  const entries = new Map();
  const turns = new Map();
  const tags = new Map();
  const listeners = [];
  let filter = { ...NO_FILTER };
  let order = [];
  let total = 0;
  let nextCursor = null;
  let loading = 0; // counts the loads, so that the answer of an outdated one is dropped
  let status = "loading";
  let refusal = null;

  const emit = () => listeners.forEach((listener) => listener());

  function view(id) {
    const entry = entries.get(id);
    entry.view ??= Object.assign({}, entry.todo, ...entry.patches);
    return entry.view;
  }

  function learn(todo) {
    for (const tag of todo.tags) if (!tags.has(folded(tag))) tags.set(folded(tag), tag);
    const entry = entries.get(todo.id);
    if (!entry) entries.set(todo.id, { todo, patches: [], view: null });
    else if (todo.version >= entry.todo.version) Object.assign(entry, { todo, view: null });
  }

  /** Put a todo where it belongs in the list, or out of it. */
  function settle(id) {
    const index = order.indexOf(id);
    const todo = entries.has(id) ? view(id) : null;
    if (!todo || !matches(todo, filter, timezone)) {
      if (index >= 0) {
        order.splice(index, 1);
        total -= 1;
      }
      return;
    }
    if (index >= 0 && isInOrder(index)) return;
    if (index >= 0) order.splice(index, 1);
    else total += 1;
    const place = order.findIndex((other) => compare(todo, view(other), filter) < 0);
    if (place >= 0) order.splice(place, 0, id);
    else if (nextCursor === null) order.push(id); // else it comes with a later page
  }

  function isInOrder(index) {
    const at = (place) => view(order[place]);
    return (
      (index === 0 || compare(at(index - 1), at(index), filter) < 0) &&
      (index === order.length - 1 || compare(at(index), at(index + 1), filter) < 0)
    );
  }

  /** One call after the other for each todo: a tick and its taking back must not overtake each other. */
  function inTurn(id, work) {
    const turn = (turns.get(id) ?? Promise.resolve()).catch(() => {}).then(work);
    turns.set(id, turn);
    return turn;
  }

  /** Show a change now and send it; throws the Refusal after taking the change back. */
  async function change(id, patch, name, envelope = {}, { lingers = false } = {}) {
    const entry = entries.get(id);
    entry.patches.push(patch);
    entry.view = null;
    if (lingers) setTimeout(() => refresh(id), LEAVING_MILLISECONDS);
    else settle(id);
    emit();
    let isRefused = true;
    try {
      learn(await inTurn(id, () => call(name, { id, ...envelope })));
      isRefused = false;
    } finally {
      entry.patches = entry.patches.filter((other) => other !== patch);
      entry.view = null;
      if (isRefused || !lingers) settle(id);
      emit();
    }
  }

  function refresh(id) {
    settle(id);
    emit();
  }

  async function load() {
    loading += 1;
    const mine = loading;
    const limit = Math.min(Math.max(PAGE, order.length), MOST_AT_ONCE);
    try {
      const page = await list({ limit });
      if (mine !== loading) return;
      page.todos.forEach(learn);
      order = page.todos.map(({ id }) => id);
      [total, nextCursor, status, refusal] = [page.total, page.next_cursor, "ready", null];
      for (const [id, entry] of entries) if (entry.patches.length || entry.isNew) settle(id);
    } catch (error) {
      if (mine !== loading || status !== "loading") return; // a reload in the background leaves what is there
      [status, refusal] = ["failed", error];
    }
    emit();
  }

  function list(more) {
    return call(filter.view === "trash" ? "list_trash" : "list_todos", { body: { ...asQuery(filter), ...more } });
  }

  return {
    load,
    onChange: (listener) => listeners.push(listener),
    todos: () => order.map(view),
    get: (id) => (entries.has(id) ? view(id) : null),
    state: () => ({ filter, total, status, refusal, hasMore: nextCursor !== null }),
    knownTags: () => [...tags.values()].sort((a, b) => a.localeCompare(b)),
    refresh: emit,

    /** Look at something else. */
    show(changes) {
      filter = { ...filter, ...changes };
      order = [];
      [total, nextCursor, status] = [0, null, "loading"];
      emit();
      return load();
    },

    /** The next page; what has come into the list meanwhile is not listed twice. True where there was one. */
    async loadMore() {
      if (nextCursor === null || status !== "ready") return false;
      const mine = loading;
      status = "loading more";
      try {
        const page = await list({ limit: PAGE, cursor: nextCursor });
        if (mine !== loading) return false;
        page.todos.forEach(learn);
        const known = new Set(order);
        order.push(...page.todos.map(({ id }) => id).filter((id) => !known.has(id)));
        [total, nextCursor] = [page.total, page.next_cursor];
        return true;
      } finally {
        if (mine === loading) status = "ready";
        emit();
      }
    },

    /** Fetch one todo, also one that the list does not show. */
    async fetch(id) {
      learn(await call("get_todo", { id }));
      return view(id);
    },

    /** Add a todo; answers whether the view shows it. The id comes with the draft where it was sent before. */
    async add(draft) {
      const now = new Date().toISOString();
      const empty = { description: "", completed: false, due_date: null, due_time: null, due_timezone: null };
      const stamps = { created_at: now, updated_at: now, completed_at: null, deleted_at: null, version: 0 };
      const body = { id: newId(), ...draft };
      const id = body.id;
      entries.set(id, { todo: { ...empty, priority: "medium", tags: [], ...body, ...stamps }, patches: [], isNew: true });
      refresh(id);
      try {
        const todo = await inTurn(id, () => call("add_todo", { body }));
        entries.get(id).isNew = false;
        learn(todo);
      } catch (error) {
        entries.delete(id);
        throw Object.assign(error, { draft: body });
      } finally {
        refresh(id);
      }
      return matches(view(id), filter, timezone);
    },

    tick: (id, completed) =>
      change(id, { completed }, completed ? "complete_todo" : "reopen_todo", {}, { lingers: completed }),
    update: (id, changes, version = null) => change(id, changes, "update_todo", { body: changes, version }),
    remove: (id) => change(id, { deleted_at: new Date().toISOString() }, "delete_todo"),
    restore: (id) => change(id, { deleted_at: null }, "restore_todo"),
  };
}
