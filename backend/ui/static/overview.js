const NOTHING = { inbox: 0, due_today: 0, upcoming: 0, overdue: 0, lists: [], tags: [], filters: [] };
const COUNT_PAUSE_MILLISECONDS = 400;

/** What the account has: lists, tags, saved filters, and counts. Asked again a moment after something has changed. */
export function createOverview(call) {
  const listeners = [];
  let known = NOTHING;
  let timer = null;
  let asked = 0;
  let shown = 0;

  async function load() {
    clearTimeout(timer);
    timer = null;
    asked += 1;
    const mine = asked;
    const answer = await call("overview");
    if (mine < shown) return; // a later question was faster
    shown = mine;
    known = answer;
    listeners.forEach((listener) => listener());
  }

  return {
    load,
    onChange: (listener) => listeners.push(listener),
    current: () => known,
    list: (id) => known.lists.find((one) => one.id === id) ?? null,
    filter: (id) => known.filters.find((one) => one.id === id) ?? null,
    /** Something was changed. Many changes at once are one question, and no answer leaves what is known. */
    touch() {
      timer ??= setTimeout(() => load().catch(() => {}), COUNT_PAUSE_MILLISECONDS);
    },
    close: () => clearTimeout(timer),
  };
}
