import { borrow } from "./borrowed.js";
import { h, show } from "./dom.js";
import { fetchParts, saveFile, sendParts } from "./files.js";
import { field } from "./forms.js";
import { importReport } from "./importreport.js";
import { actionButton, section } from "./section.js";

const FORMATS = [
  ["json", "JSON: the whole account, with trash, lists and filters"],
  ["csv", "CSV: a table, also as Todoist writes it"],
  ["ics", "iCalendar: tasks for calendars"],
  ["todotxt", "todo.txt: a line for each todo"],
];
const ENDINGS = { json: "json", csv: "csv", ics: "ics", txt: "todotxt" };

/** Files in and out. A file that comes in is looked through first, and nothing is changed before one has seen what. */
export const exchangePage = {
  title: "Import and export",

  draw(host, context) {
    const progress = h("div", { class: "transfer-progress" });
    host.append(exportPart(context), importPart(context), progress);
    borrow("courier", progress);
  },
};

function exportPart({ call, send, warn }) {
  const format = formatChoice();
  const run = async () => {
    const made = await send("export_file", { format: format.value });
    const read = (offset) => call("fetch_part", { body: { offset } });
    saveFile(await fetchParts(read, made.media_type), made.name);
  };
  return section(
    "Export",
    "Everything of yours as a file. JSON loses nothing and can be imported again.",
    h("div", { class: "form-line" }, field("export_format", "Format", format), actionButton("Download", run, warn)),
  );
}

function importPart({ call, send, warn, limits, toasts, views, changed }) {
  const file = h("input", { type: "file", accept: ".json,.csv,.ics,.txt", on: { change: choose } });
  const format = formatChoice();
  const sending = h("progress", { max: "1", value: "0", "aria-label": "Sending the file", hidden: true });
  const outcome = h("div", { class: "import-outcome", role: "status" });
  format.addEventListener("change", forget);

  function choose() {
    const ending = file.files[0]?.name.split(".").pop().toLowerCase();
    if (ENDINGS[ending]) format.value = ENDINGS[ending];
    forget();
  }

  function forget() {
    outcome.replaceChildren();
  }

  async function transfer(isDry) {
    const [chosen] = file.files;
    if (!chosen) throw { detail: "Choose a file first." };
    if (chosen.size > limits.file) throw { detail: "The file is larger than 64 MiB; split it and import its parts." };
    show(sending, true);
    try {
      const write = (offset, content) => call("stage_part", { body: { offset, content } });
      await sendParts(chosen, limits.part, write, (fraction) => (sending.value = fraction));
    } finally {
      show(sending, false);
    }
    return send("import_file", { format: format.value, dry_run: isDry });
  }

  async function look() {
    forget();
    const found = await transfer(true);
    const willChange = found.created + found.updated + found.lists_created + found.filters_created > 0;
    const words = willChange ? "Import" : "There is nothing new in it";
    const go = willChange ? actionButton(words, take, warn, { class: "button is-primary" }) : h("p", { class: "hint" }, words);
    outcome.replaceChildren(importReport(found), go);
  }

  async function take() {
    const done = await transfer(false);
    outcome.replaceChildren(importReport(done));
    file.value = "";
    const undo = async () => {
      try {
        await call("undo", { body: { operation_id: done.operation_id } });
        forget();
        changed();
        toasts.say("The import was taken back.");
      } catch (refusal) {
        warn(refusal);
      }
    };
    const showAll = () => views.open({ view: "all" });
    outcome.append(h("button", { type: "button", class: "button", on: { click: showAll } }, "Show all todos"));
    changed();
    toasts.say("Imported.", done.operation_id ? { label: "Undo", run: undo } : undefined);
  }

  return section(
    "Import",
    "First you see what the file would do; then you decide. Todos are known by their ids, so importing a file again makes no second ones.",
    h(
      "div",
      { class: "form-line" },
      field("file", "File", file, { hint: "Up to 64 MiB." }),
      field("import_format", "Format", format),
      actionButton("Look through it", look, warn, { class: "button is-primary" }),
    ),
    sending,
    outcome,
  );
}

function formatChoice() {
  return h("select", {}, ...FORMATS.map(([value, label]) => h("option", { value }, label)));
}
