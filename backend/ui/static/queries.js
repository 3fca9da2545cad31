import { folded } from "./rules.js";
import { daysAfter, isOverdue, today } from "./dates.js";

/** What each view asks the server for, and its order unless people choose another one. */
const VIEW_QUERIES = {
  inbox: { query: () => ({ completed: false, list_id: "inbox", parent_id: "none" }), sort: "created_at:desc" },
  today: { query: () => ({ completed: false, due: "today" }), sort: "due_date:asc" },
  upcoming: { query: (place, now) => ({ completed: false, due_after: now }), sort: "due_date:asc" },
  overdue: { query: () => ({ completed: false, due: "overdue" }), sort: "due_date:asc" },
  done: { query: () => ({ completed: true }), sort: "updated_at:desc" },
  trash: { query: () => ({}), sort: "updated_at:desc" },
  all: { query: () => ({}), sort: "created_at:desc" },
  list: { query: ({ id }) => ({ completed: false, list_id: id, parent_id: "none" }), sort: "position:asc" },
  tag: { query: ({ name }) => ({ completed: false, tags_all: [name] }), sort: "created_at:desc" },
  filter: { query: ({ saved }) => ({ ...saved }), sort: "" },
};

/** The order of a place: the chosen one, that of its saved filter, or that of its view. */
export function sortOf(place) {
  const { sort_by: by = "created_at", sort_order: direction = "desc" } = place.saved ?? {};
  return place.sort || VIEW_QUERIES[place.view]?.sort || `${by}:${direction}`;
}

/** A place in the server's words. `saved` is the query of a saved filter. */
export function queryOf(place, timezone) {
  const query = VIEW_QUERIES[place.view].query(place, today(timezone));
  const [sortBy, sortOrder] = sortOf(place).split(":");
  delete query.limit;
  if (place.search) {
    query.search = place.search;
    delete query.parent_id; // who looks for words looks in the parts, too
  }
  if (place.priority) query.priority = place.priority;
  if (place.tag) query.tags_all = [...(query.tags_all ?? []), place.tag];
  if (place.due) query.due = place.due;
  return { ...query, sort_by: sortBy, sort_order: sortOrder };
}

/** Whether a todo that was changed belongs into what a place shows. The server decides at the next load. */
export function belongs(todo, place, timezone) {
  if ((place.view === "trash") !== Boolean(todo.deleted_at)) return false;
  const query = queryOf(place, timezone);
  const tags = new Set(todo.tags.map(folded));
  return (
    (query.completed ?? todo.completed) === todo.completed &&
    (query.priority ?? todo.priority) === todo.priority &&
    (!query.list_id || query.list_id === (todo.list_id ?? "inbox")) &&
    (!query.parent_id || query.parent_id === (todo.parent_id ?? "none")) &&
    (query.tags_all ?? []).every((tag) => tags.has(folded(tag))) &&
    (!query.tags?.length || query.tags.some((tag) => tags.has(folded(tag)))) &&
    hasWords(todo, query.search ?? "") &&
    isDue(todo, query, timezone)
  );
}

function hasWords(todo, search) {
  const text = folded(`${todo.title}\n${todo.description}`);
  return folded(search).split(/\s+/).every((word) => text.includes(word));
}

function isDue(todo, { due, due_after: after, due_before: before }, timezone) {
  if (after && !(todo.due_date > after)) return false;
  if (before && !(todo.due_date && todo.due_date < before)) return false;
  if (!due) return true;
  if (due === "none") return !todo.due_date;
  if (due === "overdue") return isOverdue(todo, timezone);
  const now = today(timezone);
  const [first, last] = { today: [0, 0], tomorrow: [1, 1], week: [0, 6] }[due].map((count) => daysAfter(now, count));
  return Boolean(todo.due_date) && first <= todo.due_date && todo.due_date <= last;
}
