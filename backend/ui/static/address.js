/** The todo that the address bar names, as in `/?todo=0192f0c1-...`; a link to it opens it. */
export function linkedTodo() {
  return new URLSearchParams(window.location.search).get("todo");
}

/** Name a todo in the address bar, or none, without a new step in the history. */
export function linkTodo(id) {
  const address = new URL(window.location.href);
  if (id) address.searchParams.set("todo", id);
  else address.searchParams.delete("todo");
  window.history.replaceState(window.history.state, "", address);
}

/** The token of the invitation that the address bar names, as in `/?invite=TOKEN`, or null. */
export function linkedInvite() {
  return new URLSearchParams(window.location.search).get("invite");
}

/** Take the invitation out of the address bar and the history: whoever has its token can join. */
export function forgetInvite() {
  const address = new URL(window.location.href);
  address.searchParams.delete("invite");
  window.history.replaceState(window.history.state, "", address);
}
