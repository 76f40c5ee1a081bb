// What stands below the tables: published figures, what analyzers say of the whole suite, how to read it all, failures.

(function notes() {
  if (data.stamps.length) {
    section("published").hidden = false;
    section("published").querySelector(".body").append(h("ul", { class: "stamps" }, data.stamps.map(({ verdict, text }) =>
      h("li", {}, h("span", { class: `stamp ${verdict}` }, verdict), ` ${text.slice(verdict.length + 2)}`))));
  }
  const reading = section("reading").querySelector(".body");
  for (const [name, summary] of Object.entries(data.summaries)) {
    reading.before(h("h3", {}, name), h("pre", { class: "summary", tabindex: 0 }, summary));
  }
  reading.append(...data.notes.map((note) => h("p", {}, prose(note))),
    h("p", {}, "Every system's name opens its record: parameters, versions, digests, what was tried while tuning."));
  if (data.failures.length) {
    reading.before(h("h3", {}, `Failed: ${data.failures.length}`), h("ul", { class: "failures" }, data.failures.map((failure) => h("li", {}, failure))));
  }
  document.documentElement.dataset.ready = "true";
})();
