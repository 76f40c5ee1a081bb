// What stands below the tables: published figures, what analyzers say of the whole suite, how to read it all, failures.

/** The markdown that analyzers write: headings, tables with pipes, paragraphs. */
function markdown(text) {
  return text.split("\n\n").filter(Boolean).map((block) => {
    if (block.startsWith("#")) return h("h4", {}, prose(block.replace(/^#+ /, "")));
    return block.startsWith("|") ? grid(block) : h("p", {}, prose(block));
  });
}

function grid(block) {
  const rows = block.split("\n").map((row) => row.split(/(?<!\\)\|/).slice(1, -1).map((field) => field.trim()));
  const body = rows.slice(2);
  const kind = rows[0].map((_, column) => (body.every((row) => /^[+−-]?[\d.]+$|^–?$/.test(row[column])) ? "number" : null));
  return h("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": "table" }, h("table", {},
    h("thead", {}, h("tr", {}, rows[0].map((field, column) => h("th", { scope: "col", class: kind[column] }, prose(field))))),
    h("tbody", {}, body.map((row) => h("tr", {}, row.map((field, column) => h("td", { class: kind[column] }, prose(field))))))));
}

(function notes() {
  if (data.stamps.length) {
    section("published").hidden = false;
    section("published").querySelector(".body").append(h("ul", { class: "stamps" }, data.stamps.map(({ verdict, text }) =>
      h("li", {}, h("span", { class: `stamp ${verdict}` }, verdict), ` ${text.slice(verdict.length + 2)}`))));
  }
  const reading = section("reading").querySelector(".body");
  section("analyses").append(...data.summaries.map(({ analysis, said }) =>
    h("section", { class: "analysis" }, h("h2", {}, analysis.replaceAll("_", " ")),
      said.map(({ of, text }) => [of ? h("h3", {}, of) : null, markdown(text)]), analysis === data.answer.analysis ? null : figures(analysis))));
  reading.append(...data.notes.short.map((note) => h("p", {}, prose(note))),
    h("p", {}, "Every system's name opens its record: parameters, versions, digests, what was tried while tuning."),
    ...Object.entries(data.notes.folded).map(([title, text]) => h("details", { class: "analysis" }, h("summary", {}, title), markdown(text))));
  if (data.failures.length) {
    reading.before(h("h3", {}, `Failed: ${data.failures.length}`), h("ul", { class: "failures" }, data.failures.map((failure) => h("li", {}, failure))));
  }
  document.documentElement.dataset.ready = "true";
})();
