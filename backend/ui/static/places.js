import { newId } from "./ids.js";
import { queryOf } from "./queries.js";

/**
 * Making, renaming and deleting what the sidebar leads to: lists, tags and saved filters.
 * @param prompt asks for a name
 */
export function createPlaces({ call, views, overview, store, past, prompt, toasts, warn, timezone }) {
  /** Do it, look at the counts again, and go on. */
  async function run(name, envelope, done) {
    try {
      const answer = await call(name, envelope);
      await overview.load();
      done(answer);
    } catch (refusal) {
      warn(refusal);
    }
  }

  const renamers = {
    list: ({ id }) => (name) => run("update_list", { id, body: { name } }, () => toasts.say("Renamed.")),
    filter: ({ id }) => (name) => run("update_filter", { id, body: { name } }, () => toasts.say("Renamed.")),
    tag: ({ name: old }) => (name) => {
      const change = call("rename_tag", { body: { old, name } });
      past.note(change, "Renamed.");
      change.then((answer) => {
        store.take(answer.todos);
        views.open({ view: "tag", name });
      }, () => {}); // a refusal is told by what notes the change
    },
  };

  return {
    addList() {
      prompt.ask("New list", "Name", "Create", "", (name) => {
        run("add_list", { body: { id: newId(), name } }, ({ id }) => views.open({ view: "list", id }));
      });
    },

    rename: (place, name) => prompt.ask("Rename", "Name", "Rename", name, renamers[place.view](place)),

    remove(place) {
      if (place.view === "filter") {
        run("delete_filter", { id: place.id }, () => {
          views.open({ view: "inbox" });
          toasts.say("The filter is gone; the todos that it found stay.");
        });
        return;
      }
      const change = call("delete_list", { id: place.id });
      past.note(change, "The list is in the trash, with its todos.");
      change.then((answer) => {
        store.take(answer.todos);
        views.open({ view: "inbox" });
      }, () => {}); // a refusal is told by what notes the change
    },

    /** Keep what the view shows now, under a name. */
    saveFilter() {
      const query = queryOf(store.state().place, timezone);
      prompt.ask("Save this filter", "Name", "Save", "", (name) => {
        run("add_filter", { body: { id: newId(), name, query } }, ({ id }) => views.open({ view: "filter", id }));
      });
    },
  };
}
