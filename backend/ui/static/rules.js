/** Orders that a list can have: the words people choose from, and what the server calls them. */
export const SORTS = [
  { value: "position:asc", label: "My own order" },
  { value: "created_at:desc", label: "Newest first" },
  { value: "created_at:asc", label: "Oldest first" },
  { value: "due_date:asc", label: "By due date" },
  { value: "priority:desc", label: "By priority" },
  { value: "title:asc", label: "By title" },
  { value: "updated_at:desc", label: "Last changed" },
];

export const PRIORITIES = ["low", "medium", "high"];

/** Whether something narrows the view, beside the view itself. */
export function isNarrowed(place) {
  return Boolean(place.search || place.priority || place.tag || place.due);
}

/** Which of two todos comes first in an order such as `title:asc`: negative, positive, as Array.sort has it. */
export function compare(one, other, sort) {
  const [sortBy, sortOrder] = sort.split(":");
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
