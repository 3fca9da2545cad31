import { daysAfter, isOverdue, today } from "./dates.js";

/** Orders that a list can have: the words people choose from, and what the server calls them. */
export const SORTS = [
  { value: "created_at:desc", label: "Newest first" },
  { value: "created_at:asc", label: "Oldest first" },
  { value: "due_date:asc", label: "By due date" },
  { value: "priority:desc", label: "By priority" },
  { value: "title:asc", label: "By title" },
  { value: "updated_at:desc", label: "Last changed" },
];

export const PRIORITIES = ["low", "medium", "high"];

/** What a fresh page shows. */
export const NO_FILTER = { view: "open", search: "", priority: "", tag: "", due: "", sort: "created_at:desc" };

/** Whether something narrows the view, beside the view itself. */
export function isNarrowed(filter) {
  return Boolean(filter.search || filter.priority || filter.tag || filter.due);
}

/** The filter in the server's words. */
export function asQuery(filter) {
  const [sortBy, sortOrder] = filter.view === "trash" ? ["updated_at", "desc"] : filter.sort.split(":");
  const query = { sort_by: sortBy, sort_order: sortOrder };
  if (filter.view === "open") query.completed = false;
  if (filter.view === "done") query.completed = true;
  if (filter.search) query.search = filter.search;
  if (filter.priority) query.priority = filter.priority;
  if (filter.tag) query.tags = [filter.tag];
  if (filter.due) query.due = filter.due;
  return query;
}

/** Whether a todo that was changed here still belongs into the list. The server decides at the next load. */
export function matches(todo, filter, timezone) {
  if ((filter.view === "trash") !== Boolean(todo.deleted_at)) return false;
  if (filter.view === "open" && todo.completed) return false;
  if (filter.view === "done" && !todo.completed) return false;
  if (filter.priority && todo.priority !== filter.priority) return false;
  if (filter.tag && !todo.tags.some((tag) => folded(tag) === folded(filter.tag))) return false;
  const text = folded(`${todo.title}\n${todo.description}`);
  if (!folded(filter.search).split(/\s+/).every((word) => text.includes(word))) return false;
  return matchesDue(todo, filter.due, timezone);
}

function matchesDue(todo, word, timezone) {
  if (!word) return true;
  if (word === "none") return !todo.due_date;
  if (word === "overdue") return isOverdue(todo, timezone);
  const now = today(timezone);
  const [first, last] = { today: [0, 0], tomorrow: [1, 1], week: [0, 6] }[word].map((count) => daysAfter(now, count));
  return Boolean(todo.due_date) && first <= todo.due_date && todo.due_date <= last;
}

/** Which of two todos comes first in this order: negative, positive, as Array.sort has it. */
export function compare(one, other, filter) {
  const { sort_by: sortBy, sort_order: sortOrder } = asQuery(filter);
  const [a, b] = [sortKey(one, sortBy), sortKey(other, sortBy)];
  if ((a === null) !== (b === null)) return a === null ? 1 : -1; // without a due it comes last, either way
  const direction = sortOrder === "asc" ? 1 : -1;
  if (a !== b) return a < b ? -direction : direction;
  return one.id < other.id ? -direction : direction;
}

function sortKey(todo, sortBy) {
  if (sortBy === "priority") return PRIORITIES.indexOf(todo.priority);
  if (sortBy === "title") return folded(todo.title);
  if (sortBy === "due_date") return todo.due_date && `${todo.due_date}T${todo.due_time ?? "24:00"}`;
  return todo[sortBy];
}

/** The form in which texts are compared: what differs only by case is the same. */
export function folded(text) {
  return text.trim().toLowerCase();
}
