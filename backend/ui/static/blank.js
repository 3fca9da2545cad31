/** A todo that says nothing yet, as the server would answer it: what a new one looks like until it answers. */
export function blankTodo() {
  const now = new Date().toISOString();
  return {
    title: "",
    description: "",
    completed: false,
    priority: "medium",
    tags: [],
    due_date: null,
    due_time: null,
    due_timezone: null,
    recurrence: null,
    recurrence_from: "due",
    remind_at: null,
    list_id: null,
    parent_id: null,
    position: "~", // after all others
    parts_open: 0,
    parts_done: 0,
    created_at: now,
    updated_at: now,
    completed_at: null,
    deleted_at: null,
    version: 0,
  };
}
