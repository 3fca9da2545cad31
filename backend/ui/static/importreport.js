import { h } from "./dom.js";

/** What an import did or would do: the numbers, and each line of the file that there is something to say of. */
export function importReport(found) {
  const lines = found.report;
  return h(
    "div",
    { class: "import-report" },
    h("p", { class: "import-sum" }, sumText(found)),
    lines.length > 0 &&
      h(
        "div",
        { class: "table-box", tabindex: "0", role: "region", "aria-label": "Lines of the file" },
        h(
          "table",
          {},
          h("thead", {}, h("tr", {}, ...["Line", "What", "Why"].map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", {}, ...lines.map(lineOf)),
        ),
      ),
    found.report_total > lines.length &&
      h("p", { class: "hint" }, `The first ${lines.length.toLocaleString()} of ${found.report_total.toLocaleString()} lines.`),
  );
}

function lineOf({ line, refused, message }) {
  return h(
    "tr",
    { class: refused ? "is-refused" : null },
    h("td", {}, line.toLocaleString()),
    h("td", {}, refused ? "Refused" : "Note"),
    h("td", { dir: "auto" }, message),
  );
}

function sumText(found) {
  const would = found.dry_run ? "would be " : "";
  const parts = [
    [found.created, `${would}new`],
    [found.updated, `${would}changed`],
    [found.unchanged, "the same"],
    [found.refused, "refused"],
  ];
  const lists = found.lists_created ? `, with ${found.lists_created.toLocaleString()} new lists` : "";
  return `${parts.map(([count, what]) => `${count.toLocaleString()} ${what}`).join(", ")}${lists}.`;
}
