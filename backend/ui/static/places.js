import { newId } from "./ids.js";
import { queryOf } from "./queries.js";

/**
 * Making, renaming and deleting what the sidebar leads to: lists, tags and saved filters. Each can be taken back.
 * @param prompt asks for a name
 */
export function createPlaces({ call, views, overview, store, past, prompt, timezone }) {
  /** Note a change; once it is there, look at the counts again and go on. A refusal is told by what notes the change. */
  function run(change, text, done = () => {}) {
    past.note(change, text);
    change.then(
      async (answer) => {
        store.take(answer.todos ?? []);
        await overview.load();
        done();
      },
      () => {},
    );
  }

  /** Changes of saved filters, which the log of operations does not know: each brings its own way back. */
  async function addFilter(filter) {
    await call("add_filter", { body: filter });
    return { reverse: () => deleteFilter(filter) };
  }

  async function deleteFilter(filter) {
    await call("delete_filter", { id: filter.id });
    return { reverse: () => addFilter(filter) };
  }

  async function renameFilter(id, name, old) {
    await call("update_filter", { id, body: { name } });
    return { reverse: () => renameFilter(id, old, name) };
  }

  const renamers = {
    list: ({ id }) => (name) => run(call("update_list", { id, body: { name } }), "Renamed."),
    filter: ({ id }) => (name) => run(renameFilter(id, name, overview.filter(id).name), "Renamed."),
    tag: ({ name: old }) => (name) => {
      run(call("rename_tag", { body: { old, name } }), "Renamed.", () => views.open({ view: "tag", name }));
    },
  };

  /** A list or a filter that is open and goes, by whomever, leaves nothing to look at. */
  let here = null;
  function look() {
    const { view, id } = views.current();
    const isKnown = Boolean(view === "list" ? overview.list(id) : view === "filter" && overview.filter(id));
    const isGone = here === id && !isKnown;
    here = isKnown ? id : null;
    if (isGone) views.open({ view: "inbox" });
  }
  overview.onChange(look);
  views.onChange(look);

  return {
    addList() {
      prompt.ask("New list", "Name", "Create", "", (name) => {
        const id = newId();
        run(call("add_list", { body: { id, name } }), "List created.", () => views.open({ view: "list", id }));
      });
    },

    rename: (place, name) => prompt.ask("Rename", "Name", "Rename", name, renamers[place.view](place)),

    remove({ view, id }) {
      if (view === "list") run(call("delete_list", { id }), "The list is in the trash, with its todos.");
      else {
        const { name, query } = overview.filter(id);
        run(deleteFilter({ id, name, query }), "The filter is gone; the todos that it found stay.");
      }
    },

    /** Keep what the view shows now, under a name. */
    saveFilter() {
      const query = queryOf(store.state().place, timezone);
      prompt.ask("Save this filter", "Name", "Save", "", (name) => {
        const id = newId();
        run(addFilter({ id, name, query }), "Filter saved.", () => views.open({ view: "filter", id }));
      });
    },
  };
}
