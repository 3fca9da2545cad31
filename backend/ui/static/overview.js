const NOTHING = { inbox: 0, due_today: 0, upcoming: 0, overdue: 0, lists: [], tags: [], filters: [] };
const COUNT_PAUSE_MILLISECONDS = 400;

const NO_SUCH = ["not_found", "validation_error"];

/** What the account has: lists, tags, saved filters, and counts. Asked again a moment after something has changed. */
export function createOverview(call) {
  const listeners = [];
  let known = NOTHING;
  let other = null; // a list that was asked for and is not among those: it is archived, or comes after a great many
  let timer = null;
  let asked = 0;
  let shown = 0;

  const emit = () => listeners.forEach((listener) => listener());

  async function load() {
    clearTimeout(timer);
    timer = null;
    asked += 1;
    const mine = asked;
    const id = other?.id;
    const [answer, again] = await Promise.all([call("overview"), id ? ask(id) : null]);
    if (mine < shown) return; // a later question was faster
    shown = mine;
    known = answer;
    if (other?.id === id) other = again;
    emit();
  }

  async function ask(id) {
    try {
      const found = await call("get_list", { id });
      return found.deleted_at ? null : found; // an owner is told of those in the trash, too
    } catch (refusal) {
      if (NO_SUCH.includes(refusal.code)) return null;
      throw refusal;
    }
  }

  function list(id) {
    return known.lists.find((one) => one.id === id) ?? (other?.id === id ? other : null);
  }

  /** Whether one may do more with a todo than look at it. */
  function mayChange({ list_id: id }) {
    return list(id)?.role !== "viewer";
  }

  function filter(id) {
    return known.filters.find((one) => one.id === id) ?? null;
  }

  return {
    load,
    onChange: (listener) => listeners.push(listener),
    current: () => known,
    list,
    filter,
    mayChange,
    /** The lists that one may put todos into. */
    listsToFill: () => known.lists.filter(({ id }) => mayChange({ list_id: id })),
    /** Whether there is what a place is about; the server is asked where that is not known here. */
    async knows({ view, id }) {
      if (view === "list" && !list(id)) {
        other = await ask(id);
        emit();
      }
      if (view === "filter" && !filter(id)) await load();
      return view === "list" ? Boolean(list(id)) : view !== "filter" || Boolean(filter(id));
    },
    /** Something was changed. Many changes at once are one question, and no answer leaves what is known. */
    touch() {
      timer ??= setTimeout(() => load().catch(() => {}), COUNT_PAUSE_MILLISECONDS);
    },
    close: () => clearTimeout(timer),
  };
}
