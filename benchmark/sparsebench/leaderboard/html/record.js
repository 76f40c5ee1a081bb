// The provenance of a row: what was computed, from what, how it came out, and the record itself.

const dialog = section("record");

function openRecord(system, collection) {
  const offered = collections.filter((name) => data.records[name][system]);
  const record = data.records[offered.includes(collection) ? collection : offered[0]][system];
  const at = record.cell.collection.label;
  dialog.replaceChildren(h("div", { class: "sheet" },
    h("div", { class: "head" },
      h("div", {}, h("p", { class: "eyebrow" }, at), h("h2", { id: "record-title" }, systemName(system))),
      h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    offered.length > 1 ? h("div", { class: "tools" },
      picker("Collection", offered.map((name) => [name, name]), at, (name) => openRecord(system, name))) : null,
    record.error ? h("p", { class: "error" }, record.error) : null,
    facts(record).filter(([, rows]) => rows.length).map(([title, rows]) => h("section", {}, h("h3", {}, title), list(rows))),
    Object.entries(whole(record).analysis).map(([name, found]) => h("section", { class: "analysis" },
      h("h3", {}, `Analysis: ${name}`), list(findings(found)), found.summary ? markdown(found.summary) : null)),
    h("details", {}, h("summary", {}, "The whole record"), h("pre", { tabindex: 0 }, JSON.stringify(whole(record), null, 1)))));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

// An analysis that several records share is kept once.
function whole(record) {
  const analysis = Object.fromEntries(Object.entries(record.analysis).map(([name, found]) =>
    [name, typeof found === "string" ? data.analyses[found] : found]));
  return { ...record, analysis };
}

const NOT_SHOWN = ["analyzer", "artefact", "files", "summary", "per_query", "not_applicable", "error"];
const LONGEST = 8; // of a list that is read as one line

/** What an analysis found, as rows: nested keys are joined, and long lists are left to the whole record. */
function findings(found) {
  const { name, params = {} } = found.analyzer ?? {};
  const flat = (value, path) => (value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, each]) => flat(each, [...path, key])) : [[path, value]]);
  const rows = Object.entries(found).filter(([key]) => !NOT_SHOWN.includes(key)).flatMap(([key, value]) => flat(value, [key]))
    .filter(([, value]) => !Array.isArray(value) || (value.length <= LONGEST && value.every((each) => typeof each !== "object")))
    .map(([path, value]) => [path.join(" ").replaceAll("_", " "), Array.isArray(value) ? value.map(number).join(", ") : number(value)]);
  return [
    ...(name ? [["analyzer", [name, parameters(params)].filter(Boolean).join(": ")]] : []),
    ...(found.not_applicable ? [["not applicable", found.not_applicable]] : []),
    ...(found.error ? [["failed", found.error]] : []),
    ...rows,
  ];
}

const list = (rows) => h("dl", { class: "list" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
const short = (digest) => h("code", { title: digest }, String(digest).slice(0, 16));
const parameters = (params) => Object.entries(params).filter(([, value]) => value !== null)
  .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");

function facts(record) {
  const { cell, provenance, tuning, costs } = record;
  const { plugins, postprocessing } = provenance;
  const [model, collection, software] = [provenance.model ?? {}, provenance.collection ?? {}, provenance.software ?? {}];
  const git = software.git;
  return [
    ["Figures", Object.entries(record.measures).map(([name, value]) => [name, value.toFixed(4)])],
    ["Evaluated", [
      ["model", `${cell.model.name}: ${parameters(cell.model.params)}`],
      ["postprocessor", `${cell.postprocessor.name}: ${parameters(cell.postprocessor.params)}`],
      ["candidates, depth", `${cell.candidates}, ${cell.depth}`],
      ["sees", record.sees ?? NOTHING],
      ...Object.entries(postprocessing).map(([name, value]) => [name.replaceAll("_", " "), number(value)]),
    ]],
    ["Tuned", tuning ? [
      ["on", `${tuning.on}, ${tuning.queries} queries, ${tuning.measure}`], ["chosen", parameters(tuning.chosen)],
      ...tuning.tried.map((trial) => [parameters(trial.parameters), trial.value.toFixed(4)])] : []],
    ["Collection", Object.entries({ ...collection.counts, documents: collection.documents, queries: collection.queries })
      .filter(([, value]) => value).map(([name, value]) => [name.replaceAll("_", " "), String(value)])
      .concat(Object.entries(collection.digests ?? {}).map(([name, value]) => [name.replaceAll("_", " "), typeof value === "string" ? short(value) : String(value)]))],
    ["Model files", Object.entries(model.identity?.files ?? {}).map(([name, value]) => [name, short(value)])],
    ["Plugins", Object.entries(plugins).map(([kind, by]) => [kind, `${by.distribution ?? by.name} ${by.version ?? ""} (${by.module})`])],
    ["Software", [
      ["sparsebench", `${software.sparsebench ?? NOTHING}${git ? `, commit ${git.commit.slice(0, 12)}${git.dirty ? " with changes" : ""}` : ""}`],
      ["Python", software.python ?? NOTHING],
      ...Object.entries(software.libraries ?? {}),
      ["device", `${provenance.device ?? NOTHING}, ${provenance.dtype ?? NOTHING}`]]],
    ["Seconds", Object.entries(costs?.seconds ?? {}).filter(([, value]) => value).map(([name, value]) => [name, value.toFixed(3)])
      .concat(costs?.hardware ? [["machine", `${costs.hardware.cpu}, ${costs.hardware.cores} cores, ${costs.hardware.device} (${costs.hardware.fingerprint})`]] : [])],
    ["Identity", [["key", short(record.key)]]],
  ];
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // the backdrop
});
