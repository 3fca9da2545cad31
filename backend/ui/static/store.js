import { blankTodo } from "./blank.js";
import { newId } from "./ids.js";
import { belongs, queryOf, sortOf } from "./queries.js";
import { compare, folded } from "./rules.js";

const PAGE = 100;
const BATCH = 100;
const MOST_AT_ONCE = 1_000;
const LEAVING_MILLISECONDS = 650;

/**
 * The todos that the page shows. A change shows at once, as a patch over what the server last said; the server's answer
 * replaces the patch, and a refusal just drops it. Changes of one todo reach the server in the order they were made.
 * @param call a call in the account's name
 * @param timezone the account's, in which words like today are meant
 */
export function createStore(call, timezone) {
  /** id → {todo: what the server last said, patches: what it has not confirmed yet, view: both, stays: not moved yet} */
  const entries = new Map();
  const turns = new Map();
  const tags = new Map();
  const listeners = [];
  let place = { view: "inbox" };
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
    if (entries.get(id)?.stays) return;
    const index = order.indexOf(id);
    const todo = entries.has(id) ? view(id) : null;
    if (!todo || !belongs(todo, place, timezone)) {
      if (index >= 0) {
        order.splice(index, 1);
        total -= 1;
      }
      return;
    }
    if (index >= 0 && isInOrder(index)) return;
    if (index >= 0) order.splice(index, 1);
    else total += 1;
    const next = order.findIndex((other) => compare(todo, view(other), sortOf(place)) < 0);
    if (next >= 0) order.splice(next, 0, id);
    else if (nextCursor === null) order.push(id); // else it comes with a later page
  }

  function isInOrder(index) {
    const isBefore = (one, other) => compare(view(order[one]), view(order[other]), sortOf(place)) < 0;
    return (index === 0 || isBefore(index - 1, index)) && (index === order.length - 1 || isBefore(index, index + 1));
  }

  /** One call after the other for each todo: a tick and its taking back must not overtake each other. */
  function inTurn(ids, work) {
    const turn = Promise.allSettled(ids.map((id) => turns.get(id))).then(work);
    for (const id of ids) turns.set(id, turn);
    return turn;
  }

  /** What the server says of todos, asked for or not. */
  function take(todos) {
    for (const todo of todos) {
      learn(todo);
      settle(todo.id);
    }
    emit();
  }

  /** Show a change now and send it; answers what the server says, throws the Refusal after taking the change back. */
  async function change(id, patch, name, envelope = {}, { lingers = false } = {}) {
    if (lingers) linger(id, entries.get(id));
    patchNow(id, patch);
    emit();
    try {
      const answer = await inTurn([id], () => call(name, { id, ...envelope }));
      answer.todos.forEach(learn);
      answer.todos.forEach((todo) => todo.id !== id && settle(todo.id));
      return answer;
    } finally {
      unpatch(id, patch);
      emit();
    }
  }

  /**
   * The same for many todos: shown at once, sent in parts, and one operation in the log. A part is done whole or not at
   * all; where one is refused, the rest is not sent, and what was done stays: `refusal` says why.
   * @param items [{id, action, data, patch}], where the patch is how the todo looks meanwhile
   */
  async function changeMany(items) {
    const operationId = newId();
    const known = items.filter(({ id }) => entries.has(id));
    for (const { id, patch } of known) patchNow(id, patch);
    emit();
    let sent = 0;
    try {
      for (; sent < known.length; sent += BATCH) {
        const part = known.slice(sent, sent + BATCH);
        const operations = part.map(({ id, action, data }) => ({ id, action, data }));
        await inTurn(part.map(({ id }) => id), async () => {
          const answer = await call("batch", { body: { operations, operation_id: operationId } });
          answer.todos.forEach(learn);
        });
      }
      return { operation_id: operationId, done: known.length, refusal: null };
    } catch (error) {
      if (sent === 0) throw error;
      return { operation_id: operationId, done: sent, refusal: error };
    } finally {
      for (const { id, patch } of known) unpatch(id, patch);
      emit();
    }
  }

  function patchNow(id, patch) {
    const entry = entries.get(id);
    entry.patches.push(patch);
    entry.view = null;
    settle(id);
  }

  function unpatch(id, patch) {
    const entry = entries.get(id);
    if (!entry) return; // somebody has deleted it for good meanwhile
    entry.patches = entry.patches.filter((other) => other !== patch);
    entry.view = null;
    settle(id);
  }

  /** A ticked row stays for a moment, so that one sees what one did. */
  function linger(id, entry) {
    clearTimeout(entry.stays);
    entry.stays = setTimeout(() => {
      entry.stays = null;
      settle(id);
      emit();
    }, LEAVING_MILLISECONDS);
  }

  /** Take what the server does not know out of the page. */
  function forget(ids) {
    for (const id of ids) {
      entries.delete(id);
      settle(id);
    }
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
    return call(place.view === "trash" ? "list_trash" : "list_todos", { body: { ...queryOf(place, timezone), ...more } });
  }

  return {
    load,
    onChange: (listener) => listeners.push(listener),
    todos: () => order.map(view),
    get: (id) => (entries.has(id) ? view(id) : null),
    state: () => ({ place, total, status, refusal, hasMore: nextCursor !== null }),
    knownTags: () => [...tags.values()].sort((a, b) => a.localeCompare(b)),
    refresh: emit,
    take,
    forget,

    /** Look at something else. */
    show(next) {
      place = next;
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

    /** The parts of a todo that are known here, in their own order. */
    partsOf: (id) =>
      [...entries.keys()]
        .map(view)
        .filter((todo) => todo.parent_id === id && !todo.deleted_at)
        .sort((one, other) => compare(one, other, "position:asc")),

    async fetchParts(id) {
      const page = await call("list_todos", { body: { parent_id: id, sort_by: "position", sort_order: "asc", limit: PAGE } });
      page.todos.forEach(learn);
      emit();
    },

    /** Fetch one todo, also one that the list does not show. */
    async fetch(id) {
      learn(await call("get_todo", { id }));
      return view(id);
    },

    /**
     * Add a todo as it was written; answers what the server says, and whether the view shows it.
     * @param body {id, text, usual, chosen}
     * @param preview what of it can be shown at once
     */
    async add(body, preview) {
      const { id } = body;
      entries.set(id, { todo: { ...blankTodo(), ...preview, id }, patches: [], isNew: true });
      settle(id);
      emit();
      try {
        const answer = await inTurn([id], () => call("add_todo", { body }));
        entries.get(id).isNew = false;
        take(answer.todos);
        return { ...answer, isShown: belongs(view(id), place, timezone) };
      } catch (error) {
        forget([id]);
        throw Object.assign(error, { draft: body });
      }
    },

    tick: (id, completed) =>
      change(id, { completed }, completed ? "complete_todo" : "reopen_todo", {}, { lingers: completed }),
    update: (id, changes, version = null) => change(id, changes, "update_todo", { body: changes, version }),
    remove: (id) => change(id, { deleted_at: new Date().toISOString() }, "delete_todo"),
    restore: (id) => change(id, { deleted_at: null }, "restore_todo"),
    changeMany,
    /** To a place between others; `patch` is how it looks meanwhile. */
    move: (id, patch, body) => change(id, patch, "move_todo", { body }),
  };
}
