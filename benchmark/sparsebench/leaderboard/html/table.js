// The tables: a tab a table, sorted by any column, filtered by name and by what a system sees.

(function leaderboard() {
  const tabs = document.querySelector("#leaderboard [role=tablist]");
  const panel = section("panel");
  const filter = section("filter");
  const seen = new Set(SEES);
  let current = data.tables[0];
  let sorting = { column: null, descending: true };
  let ready = false;
  let seeds = false; // whether the trainings that a row is the mean of are shown below it

  const isFigure = (field) => field !== null && typeof field === "object";
  const rowName = (row) => systemName(row.system).replace(data.systems[row.system].model, () => row.model);
  const value = (row, column) => {
    if (column === "system") return rowName(row);
    if (column === "sees") return data.systems[row.system].sees;
    const field = row.fields[column];
    return isFigure(field) ? field.value : field;
  };

  function sorted(rows) {
    const { column, descending } = sorting;
    if (column === null) return rows;
    const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    return [...rows].sort((one, other) => {
      const [a, b] = [value(one, column), value(other, column)];
      if (a === null || b === null) return (a === null) - (b === null); // holes come last either way
      return descending ? order(b, a) : order(a, b);
    });
  }

  function shown(row) {
    const system = data.systems[row.system];
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const name = `${row.model} ${system.model} ${system.postprocessor}`.toLowerCase();
    return words.every((word) => name.includes(word)) && (seen.size === SEES.length || [...seen].some((kind) => system.sees.includes(kind)));
  }

  function sortBy(column) {
    const numeric = current.rows.some((row) => typeof value(row, column) === "number");
    const better = typeof column === "number" ? current.columns[column].better : null;
    const first = numeric && better !== "smaller"; // the best comes up first
    if (sorting.column !== column) sorting = { column, descending: first };
    else if (sorting.descending === first) sorting = { column, descending: !first };
    else sorting = { column: null, descending: true }; // as it was: best first by the first measure
    draw();
    panel.querySelector(`[data-column="${column}"]`).focus();
  }

  function header(column, name, numeric, extra = "") {
    const state = sorting.column !== column ? "none" : sorting.descending ? "descending" : "ascending";
    return h("th", { scope: "col", "aria-sort": state, class: numeric ? "number" : extra },
      h("button", { type: "button", "data-column": column, onclick: () => sortBy(column) }, name, h("span", { class: "arrow", "aria-hidden": "true" })));
  }

  // Where a number with an interval is drawn: one axis for the column.
  function axis(column) {
    const found = current.rows.map((row) => row.fields[column]).filter((field) => isFigure(field) && field.interval);
    const low = Math.min(...found.map((field) => field.interval[0])), high = Math.max(...found.map((field) => field.interval[1]));
    const baseline = current.rows.find((row) => row.system === data.baseline)?.fields[column];
    return { low, high, at: (number) => 4 + (92 * (number - low)) / (high - low || 1), baseline: isFigure(baseline) ? baseline.value : null };
  }

  const range = ({ low, high }) => h("th", { scope: "col", class: "strip" }, "95 % interval",
    h("span", { class: "more" }, h("span", {}, low.toFixed(2)), h("span", {}, high.toFixed(2))));

  function strip(field, { at, baseline }) {
    if (!isFigure(field) || !field.interval) return h("td", { class: "strip" });
    const [low, high] = field.interval.map(at);
    const said = `95 % interval ${field.interval.map((bound) => bound.toFixed(4)).join(" to ")}`;
    return h("td", { class: "strip" },
      s("svg", { viewBox: "0 0 100 16", width: 100, height: 16, role: "img", "aria-label": said },
        s("title", {}, said),
        baseline === null ? null : s("line", { class: "zero", x1: at(baseline), x2: at(baseline), y1: 0, y2: 16 }),
        s("line", { class: "whisker", x1: low, x2: high, y1: 8, y2: 8 }),
        s("circle", { class: field.best ? "dot best" : "dot", cx: at(field.value), cy: 8, r: 3.5 })));
  }

  function stamp(row, column) {
    const name = current.columns[column].name;
    const found = data.stamps.find((each) => each.system === row.system && current.collection === each.collection && name === each.measure);
    return found ? h("span", { class: `stamp ${found.verdict}`, title: found.text }, found.verdict) : null;
  }

  /** Words in two lines where brackets say more: `tau 0.5 (of 5, nDCG@10 on dev)`. */
  function words(text) {
    const [first, more] = text.split(/ \((.*)\)$/);
    return more ? [first, h("span", { class: "more" }, more)] : first;
  }

  function field(row, column, numeric, marked) {
    const found = row.fields[column];
    if (!isFigure(found)) return h("td", { class: numeric ? "number" : null }, found ? words(found) : h("span", { class: "nothing" }, NOTHING),
      numeric && marked ? h("span", { class: "mark" }) : null);
    const change = current.columns[column].name.startsWith("Δ") ? (found.value < 0 ? " loss" : " gain") : "";
    const half = found.half && (current.collection === null || !found.interval) ? h("span", { class: "half" }, `± ${found.half}`) : null;
    const printed = found.text.replace("-", "−");
    return h("td", { class: `number${found.best ? " best" : ""}${change}${found.mark && change ? " sure" : ""}` },
      stamp(row, column), found.best ? h("strong", {}, printed) : printed, marked ? h("span", { class: "mark" }, found.mark ?? "") : null, half);
  }

  function line(row, numeric, marked, strips) {
    const system = data.systems[row.system];
    const plain = data.systems.every((each) => each.postprocessor === "none");
    return h("tr", { class: row.system === data.baseline ? "baseline" : row.seeds ? null : "seed", "data-system": row.system },
      h("th", { scope: "row" },
        h("button", { type: "button", class: "system", "aria-haspopup": "dialog", title: "Where these numbers come from",
          onclick: () => openRecord(row.system, current.collection ?? chosen) },
          h("span", { class: isHollow(system.model) ? "swatch hollow" : "swatch", style: `--colour:${systemColour(row.system)}` }),
          h("span", { class: "model" }, row.model), plain ? null : h("span", { class: "post" }, system.postprocessor),
          row.system === data.baseline ? h("span", { class: "tag" }, "baseline") : null,
          h("span", { class: `sees ${system.sees} narrow`, "aria-hidden": "true" }, system.sees))),
      h("td", { class: "wide" }, h("span", { class: `sees ${system.sees}` }, system.sees)),
      row.fields.flatMap((_, column) => [field(row, column, numeric[column], marked[column]), strips.has(column) ? strip(row.fields[column], strips.get(column)) : null]));
  }

  function draw() {
    const numeric = current.columns.map((_, column) => current.rows.some((row) => isFigure(row.fields[column])));
    const marked = current.columns.map((_, column) => current.rows.some((row) => row.fields[column]?.mark));
    const strips = new Map();
    if (current.collection !== null) {
      current.columns.forEach((_, column) => {
        if (current.rows.some((row) => row.fields[column]?.interval)) strips.set(column, axis(column));
      });
    }
    const rows = sorted(current.rows.filter(shown));
    const headers = current.columns.flatMap((column, place) =>
      [header(place, column.name, numeric[place]), strips.has(place) ? range(strips.get(place)) : null]);
    panel.replaceChildren(
      h("p", { class: "above" }, current.above),
      h("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": `${current.title}: table` },
        h("table", {}, h("caption", { class: "hidden" }, `${data.suite}: ${current.title}`),
          h("thead", {}, h("tr", {}, header("system", "System"), header("sees", "sees", false, "wide"), headers)),
          h("tbody", {}, rows.flatMap((row) => [row, ...(seeds ? row.seeds : [])]).map((row) => line(row, numeric, marked, strips))))),
      h("p", { class: "below" }, current.below));
    section("count").value = `${rows.length} of ${current.rows.length} systems`;
    save();
  }

  // What is shown stands in the address, so that it can be linked.
  const columnName = (column) => current.columns[column]?.name ?? column;
  function save() {
    const state = new URLSearchParams();
    if (current !== data.tables[0]) state.set("table", current.title);
    if (sorting.column !== null) state.set("sort", `${sorting.descending ? "-" : ""}${columnName(sorting.column)}`);
    if (filter.value) state.set("filter", filter.value);
    if (seen.size < SEES.length) state.set("sees", [...seen].join(","));
    if (seeds) state.set("seeds", "each");
    if (ready) history.replaceState(null, "", `#${state}`);
  }

  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    show(data.tables.find((table) => table.title === state.get("table")) ?? data.tables[0]);
    const sort = state.get("sort");
    const columns = ["system", "sees", ...current.columns.keys()];
    const found = sort === null ? undefined : columns.find((column) => [sort, sort.slice(1)].includes(columnName(column)));
    if (found !== undefined) sorting = { column: found, descending: sort !== columnName(found) };
    filter.value = state.get("filter") ?? "";
    if (state.has("sees")) for (const kind of SEES) if (!state.get("sees").split(",").includes(kind)) seen.delete(kind);
    seeds = state.has("seeds");
    draw();
  }

  function show(table) {
    current = table;
    sorting = { column: null, descending: true };
    for (const tab of tabs.children) {
      const selected = tab.dataset.title === table.title;
      tab.setAttribute("aria-selected", selected);
      tab.tabIndex = selected ? 0 : -1;
    }
    draw();
    if (table.collection !== null) choose(table.collection);
  }

  tabs.append(...data.tables.map((table) =>
    h("button", { type: "button", role: "tab", "aria-controls": "panel", "data-title": table.title, onclick: () => show(table) }, table.title)));
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = [...tabs.children].at((data.tables.indexOf(current) + step) % data.tables.length);
    next.click();
    next.focus();
  });
  restore();
  if (SEES.length > 1) {
    document.querySelector("#leaderboard .chips").append(h("span", {}, "sees"), ...SEES.map((kind) =>
      h("button", { type: "button", "aria-pressed": String(seen.has(kind)), onclick: (event) => {
        if (!seen.delete(kind)) seen.add(kind);
        event.currentTarget.setAttribute("aria-pressed", String(seen.has(kind)));
        draw();
      } }, kind)));
  }
  if (data.tables.some((table) => table.rows.some((row) => row.seeds.length))) {
    document.querySelector("#leaderboard .tools").insertBefore(h("label", { class: "picker" }, h("input", { type: "checkbox", id: "seeds", checked: seeds,
      onchange: (event) => { seeds = event.currentTarget.checked; draw(); } }), "each seed"), section("count"));
  }
  filter.addEventListener("input", draw);
  window.addEventListener("hashchange", () => { if (location.hash.includes("=")) location.reload(); });
  ready = true;
})();
