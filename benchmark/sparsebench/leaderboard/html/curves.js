// Wackiness by token rank, and what the removal of tokens does.

const line = (points, x, y) => points.map(([a, b], index) => `${index ? "L" : "M"}${x(a).toFixed(1)},${y(b).toFixed(1)}`).join("");

(function wackiness() {
  const place = section("wackiness");
  if (!data.wackiness.length) return;
  place.hidden = false;
  const [tools, host] = [".tools", ".chart"].map((name) => place.querySelector(name));
  const presets = [...new Set(data.wackiness.flatMap((entry) => Object.keys(entry.presets)))];
  let preset = presets.includes("robust") ? "robust" : presets[0];

  function draw() {
    const offered = collections.filter((name) => data.wackiness.some((entry) => entry.collection === name));
    const collection = offered.includes(chosen) ? chosen : offered[0];
    const entries = data.wackiness.filter((entry) => entry.presets[preset]);
    const here = entries.filter((entry) => entry.collection === collection);
    tools.replaceChildren(...[collectionPicker(offered),
      segments("Definition", presets.map((name) => [name, name.replaceAll("_", " ")]), preset, (name) => { preset = name; draw(); })].filter(Boolean));
    place.querySelector(".legend")?.remove();
    place.append(legend([
      ...here.map((entry) => [modelColour(entry.model), `${entry.model}: W-AUC ${area(entry)}`, "line"]),
      ...(entries.length > here.length ? [["var(--faint)", "the same models on the other collections", "line"]] : [])]));
    plot(host, {
      title: `Wackiness curves on ${collection}, ${preset}`,
      height: (width) => Math.min(Math.max(width * 0.5, 260), 400),
      x: { label: "share of expansion tokens, wackiest first", domain: [0, 1] },
      y: { label: "wackiness", domain: [0, 1.02] },
      paint({ svg, x, y }) {
        const path = (entry, attributes) => {
          const { curve } = entry.presets[preset];
          const points = curve.map((value, index) => [index / (curve.length - 1 || 1), value]);
          return s("path", { d: line(points, x, y), "data-model": entry.model, ...attributes });
        };
        svg.append(...entries.filter((entry) => !here.includes(entry)).map((entry) => path(entry, { class: "curve context" })),
          ...here.map((entry) => path(entry, { class: "curve", style: `--colour:${modelColour(entry.model)}` })));
      },
    });
  }

  function area(entry) {
    const found = entry.presets[preset].w_auc;
    return found === null ? "not defined" : found.toFixed(3);
  }

  onCollection(draw);
  draw();
})();

(function removal() {
  const place = section("removal");
  if (!data.removal.length) return;
  place.hidden = false;
  const [tools, host] = [".tools", ".chart"].map((name) => place.querySelector(name));
  const ARMS = { wackiest: "wackiest", matched: "random, matched", random: "random", least_wacky: "least wacky" };
  const colour = (arm) => `var(--series-${Object.keys(ARMS).indexOf(arm)})`;
  let model = data.removal[0].model;

  function draw() {
    const offered = collections.filter((name) => data.removal.some((entry) => entry.collection === name));
    const collection = offered.includes(chosen) ? chosen : offered[0];
    const here = data.removal.filter((entry) => entry.collection === collection);
    const entry = here.find((each) => each.model === model) ?? here[0];
    tools.replaceChildren(...[collectionPicker(offered),
      here.length > 1 ? picker("Model", here.map((each) => [each.model, each.model]), entry.model, (name) => { model = name; draw(); }) : null].filter(Boolean));
    const arms = Object.keys(ARMS).filter((name) => entry.arms[name]);
    place.querySelectorAll(".legend, .verdict").forEach((node) => node.remove());
    place.append(legend(arms.map((name) => [colour(name), `${ARMS[name]}: ${signed(entry.arms[name].statistic)}`, "line"])), verdict(entry));
    chart(entry, arms);
  }

  function verdict(entry) {
    const { all_expansion: all } = entry.arms;
    const p = typeof entry.p === "number" ? ` Monte-Carlo p of the wackiest against matched random tokens: ${entry.p.toPrecision(2)}.` : "";
    return h("p", { class: "verdict" }, `${entry.model} on ${entry.collection}: ${entry.measure} ${number(entry.before)} with nothing removed`
      + `${all ? `, ${signed(all.effect)} without any expansion` : ""}. Beside each name its mean effect over K on a logarithmic scale.${p}`);
  }

  function chart(entry, arms) {
    const effects = arms.flatMap((name) => [...entry.arms[name].effect, ...(entry.arms[name].low ?? []), ...(entry.arms[name].high ?? [])]);
    plot(host, {
      title: `Effect of removing K tokens on ${entry.measure}, ${entry.model} on ${entry.collection}`,
      height: (width) => Math.min(Math.max(width * 0.5, 280), 420),
      x: { label: "K, tokens removed (logarithmic)", domain: [entry.grid[0], entry.grid.at(-1)], log: true },
      y: { label: `change of ${entry.measure}`, domain: around([...effects, 0]) },
      paint({ svg, x, y, box }) {
        svg.append(s("line", { class: "zero", x1: box.left, x2: box.right, y1: y(0), y2: y(0) }));
        const along = (values) => entry.grid.map((k, index) => [k, values[index]]);
        for (const name of arms.filter((each) => entry.arms[each].low)) {
          const { low, high } = entry.arms[name];
          const edge = `${line(along(high), x, y)}${line(along(low).reverse(), x, y).replace("M", "L")}Z`;
          svg.append(s("path", { class: "band", "data-arm": name, d: edge, style: `--colour:${colour(name)}` }));
        }
        const group = s("g", {});
        svg.append(group);
        return arms.flatMap((name) => {
          svg.append(s("path", { class: "curve", "data-arm": name, d: line(along(entry.arms[name].effect), x, y), style: `--colour:${colour(name)}` }));
          return entry.grid.map((k, index) => {
            const effect = entry.arms[name].effect[index];
            const node = s("circle", { class: "knot", cx: x(k), cy: y(effect), r: 3, style: `--colour:${colour(name)}` });
            group.append(node);
            return { x: x(k), y: y(effect), node, text: () => [h("strong", {}, ARMS[name]), h("span", {}, `K = ${k}`), h("span", {}, signed(effect))] };
          });
        });
      },
    });
  }

  onCollection(draw);
  draw();
})();
