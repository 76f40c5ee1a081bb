// Curves that analyses left: one line of all models, or all lines of one model.

const trace = (points, x, y) => points.map(([a, b], index) => `${index ? "L" : "M"}${x(a).toFixed(1)},${y(b).toFixed(1)}`).join("");
const unique = (values) => [...new Set(values)];
const FEW_POINTS = 40; // so many can be told apart, and explored one by one

function curves({ title, note, x: across, y: up, compare, first, beside, entries }, place) {
  const tools = h("div", { class: "tools" });
  const host = h("div", { class: "chart", "data-chart": title });
  const heading = `curves-${data.curves.findIndex((each) => each.title === title)}`;
  const frame = h("section", { class: "curves", "data-curves": title, "aria-labelledby": heading },
    h("h2", { id: heading }, title), note ? h("p", { class: "lead" }, prose(note)) : null, tools, host);
  place.append(frame);
  const analyses = unique(entries.map((entry) => entry.analysis));
  const lines = unique(entries.flatMap((entry) => Object.keys(entry.lines)));
  let analysis = analyses[0], name = lines.includes(first) ? first : lines[0], system = entries[0].name;

  function draw() {
    const own = entries.filter((entry) => entry.analysis === analysis);
    const offered = collections.filter((collection) => own.some((entry) => entry.collection === collection));
    const collection = offered.includes(chosen) ? chosen : offered[0];
    const here = own.filter((entry) => entry.collection === collection);
    const entry = here.find((each) => each.name === system) ?? here[0];
    const many = compare === "models";
    tools.replaceChildren(...[
      collectionPicker(offered),
      analyses.length > 1 ? picker("Analysis", analyses.map((each) => [each, each]), analysis, (each) => { analysis = each; draw(); }) : null,
      many && lines.length > 1 ? segments("Line", lines.map((each) => [each, each.replaceAll("_", " ")]), name, (each) => { name = each; draw(); }) : null,
      !many && here.length > 1 ? picker("System", here.map((each) => [each.name, each.name]), entry.name, (each) => { system = each; draw(); }) : null,
    ].filter(Boolean));
    const named = (each) => (analyses.length > 1 ? `${each.name}, ${each.analysis}` : each.name);
    const drawn = many
      ? here.filter((each) => each.lines[name]).map((each) => ({ ...each.lines[name], label: named(each), model: each.model, colour: modelColour(each.model), dash: modelDash(each.model) }))
      : Object.entries(entry.lines).map(([key, line], index) => ({ ...line, label: key.replaceAll("_", " "), line: key, colour: `var(--series-${index % 8})`, dash: index < 8 ? "" : "7 3" }));
    const others = many ? own.filter((each) => each.collection !== collection && each.lines[name]) : [];
    frame.querySelector(".legend")?.remove();
    frame.append(legend([
      ...drawn.map((each) => [each.colour, beside ? `${each.label}: ${beside} ${each.beside ?? "not defined"}` : each.label, "line", each.dash]),
      ...(others.length ? [["var(--faint)", "the same models on the other collections", "line"]] : [])]));
    const of = [many ? name.replaceAll("_", " ") : entry.name, `on ${collection}`, analyses.length > 1 ? `(${analysis})` : ""].filter(Boolean).join(" ");
    chart(`${title}: ${of}`, drawn, others.map((each) => ({ ...each.lines[name], model: each.model })));
  }

  function chart(accessible, drawn, others) {
    const points = [...drawn, ...others].flatMap((each) => each.points);
    const xs = points.map((point) => point[0]), ys = points.flatMap((point) => point.slice(1));
    const domain = up.range ?? around(up.log ? ys : [...ys, 0], up.log);
    plot(host, {
      title: accessible,
      height: (width) => Math.min(Math.max(width * 0.5, 270), 420),
      x: { label: across.title, domain: across.range ?? [Math.min(...xs), Math.max(...xs)], log: across.log },
      y: { label: up.title, domain, log: up.log },
      paint({ svg, x, y, box }) {
        const path = (each, attributes) => s("path", { d: trace(each.points, x, y), "data-model": each.model, "data-line": each.line, ...attributes });
        if (domain[0] < 0) svg.append(s("line", { class: "zero", x1: box.left, x2: box.right, y1: y(0), y2: y(0) }));
        svg.append(...others.map((each) => path(each, { class: "curve context" })));
        for (const each of drawn.filter(({ points: of }) => of[0].length > 3)) {
          const edge = (at) => each.points.map((point) => [point[0], point[at]]);
          const d = `${trace(edge(3), x, y)}${trace(edge(2).reverse(), x, y).replace("M", "L")}Z`;
          svg.append(s("path", { class: "band", "data-line": each.line, d, style: `--colour:${each.colour}` }));
        }
        const group = s("g", {});
        svg.append(...drawn.map((each) => path(each, { class: "curve", style: `--colour:${each.colour}`, "stroke-dasharray": each.dash || null })), group);
        return drawn.filter(({ points: of }) => of.length <= FEW_POINTS).flatMap((each) => each.points.map(([a, b]) => {
          const node = s("circle", { class: "knot", cx: x(a), cy: y(b), r: 3, style: `--colour:${each.colour}` });
          group.append(node);
          return { x: x(a), y: y(b), node, text: () => [h("strong", {}, each.label), h("span", {}, `${across.title} ${number(a)}`), h("span", {}, `${up.title} ${number(b)}`)] };
        }));
      },
    });
  }

  onCollection(draw);
  draw();
}

data.curves.forEach((each) => curves(each, section("curves")));
