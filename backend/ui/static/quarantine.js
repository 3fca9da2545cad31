import { h } from "./dom.js";
import { fetchParts, saveFile, sizeText } from "./files.js";
import { createSheet } from "./sheet.js";

/** What an administrator looks for first, in words; other files go by their name. */
const FILE_LABELS = {
  "report.json": "Report",
  "rejected.jsonl": "Rows that broke a rule",
  "partial.jsonl": "Rows kept in part",
  "adoption.jsonl": "What could not come along as it was",
};

/** Why something was put aside, where it was not for damage. */
const REASON_LABELS = {
  stale_sidecar: "A log that belonged to another database",
  stray_log: "A log without its database",
  schema_half: "A database that was half migrated",
  rows_invalid: "A database with rows that broke a rule",
  not_a_database: "A file that was no database",
  adopted: "The database of the old deployment",
  replaced: "The database before a snapshot was put back",
  reset: "The database before a reset",
};

/**
 * The dialog with what was put aside since the account was made: when and why, with which files. Reports and rows can
 * be downloaded; the damaged databases hold everybody's todos, and stay where they are.
 * @param call a call in the administrator's name
 * @param {(refusal) => void} warn says what went wrong
 */
export function createQuarantine(call, warn) {
  const list = h("div", { class: "dialog-fields" });
  const sheet = createSheet("quarantine", "What was kept", list);

  function drawFolder(folder) {
    const { title, moment } = nameOf(folder.name);
    return h(
      "section",
      { class: "kept" },
      h("h3", { class: "kept-title" }, title),
      h("p", { class: "stamps" }, moment, h("br"), h("code", {}, folder.name)),
      h("ul", { class: "kept-files" }, ...folder.files.map((file) => drawFile(folder, file))),
    );
  }

  function drawFile(folder, file) {
    const label = FILE_LABELS[file.name] ?? file.name;
    const size = h("span", { class: "kept-size" }, sizeText(file.size));
    if (!file.is_readable) return h("li", {}, h("bdi", {}, label), size);
    const button = h("button", { type: "button", class: "link" }, label);
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      button.setAttribute("aria-disabled", "true");
      try {
        const read = (offset) => call("read_quarantine", { body: { folder: folder.name, file: file.name, offset } });
        saveFile(await fetchParts(read, "application/octet-stream"), `${folder.name}-${file.name}`);
      } catch (refusal) {
        sheet.close(); // a toast under the dialog could not be seen
        warn(refusal);
      }
      button.removeAttribute("aria-disabled");
    });
    return h("li", {}, button, size);
  }

  return {
    element: sheet.element,
    async open() {
      try {
        const { quarantine } = await call("list_quarantine");
        const nothing = h("p", {}, "Nothing was put aside since your account was made.");
        list.replaceChildren(...(quarantine.length ? quarantine.map(drawFolder) : [nothing]));
        sheet.open();
      } catch (refusal) {
        warn(refusal);
      }
    },
    close: sheet.close,
  };
}

/** `20261122T203055Z-corrupt-3f9a1c2e` in words. */
function nameOf(folder) {
  const [, year, month, day, hour, minute, reason] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)\d\dZ-(\w+)-/.exec(folder) ?? [];
  if (!year) return { title: folder, moment: "" };
  const told = new Date(Date.UTC(year, month - 1, day, hour, minute));
  return {
    title: REASON_LABELS[reason] ?? "A damaged database",
    moment: told.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }),
  };
}
