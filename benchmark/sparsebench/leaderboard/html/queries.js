// Two systems, query by query: a scatter, who wins how often, and where they differ most.

(function queries() {
  const place = section("queries");
  if (data.queries === null) {
    section("reading").querySelector(".body").append(h("p", {},
      "Values of single queries are left out of this page to keep it small; they lie beside it, in per_query.csv.gz."));
    return;
  }
  const offered = collections.filter((name) => Object.values(data.queries[name].values).some((of) => Object.keys(of).length > 1));
  if (!offered.length) return;
  place.hidden = false;
  const [tools, chart, aside] = [".tools", ".chart", ".aside"].map((name) => place.querySelector(name));
  const picked = { x: null, y: null, measure: null };

  function settle(collection) {
    const measures = Object.keys(data.queries[collection].values);
    if (!measures.includes(picked.measure)) picked.measure = measures[0];
    const having = Object.keys(data.queries[collection].values[picked.measure]).map(Number);
    if (!having.includes(picked.x)) picked.x = having.includes(data.baseline) ? data.baseline : having[0];
    if (!having.includes(picked.y) || picked.y === picked.x) picked.y = best(collection, having.filter((system) => system !== picked.x));
    return { measures, having };
  }

  function best(collection, systems) {
    const larger = measureOf(collection, picked.measure)?.larger ?? true;
    const mean = (system) => data.records[collection][system].measures[picked.measure];
    return systems.reduce((one, other) => ((larger ? mean(other) > mean(one) : mean(other) < mean(one)) ? other : one));
  }

  function draw() {
    const collection = offered.includes(chosen) ? chosen : offered[0];
    const { measures, having } = settle(collection);
    const { ids, values } = data.queries[collection];
    const [xs, ys] = [values[picked.measure][picked.x], values[picked.measure][picked.y]];
    const points = ids.map((id, index) => ({ id, x: xs[index], y: ys[index], difference: ys[index] - xs[index] }))
      .filter((point) => point.x !== null && point.y !== null)
      .sort((a, b) => a.difference - b.difference);
    const names = having.map((system) => [system, systemName(system)]);
    const set = (name, convert) => (key) => { picked[name] = convert(key); draw(); };
    tools.replaceChildren(...[
      collectionPicker(offered),
      picker("Measure", measures.map((name) => [name, name]), picked.measure, set("measure", String)),
      picker("Across", names, picked.x, set("x", Number)),
      picker("Up", names, picked.y, set("y", Number))].filter(Boolean));
    scatter(collection, points);
    summary(collection, points);
  }

  function scatter(collection, points) {
    const all = points.flatMap(({ x, y }) => [x, y]);
    const bounded = Math.min(...all) >= 0 && Math.max(...all) <= 1;
    const domain = bounded ? [-0.03, 1.03] : around(all);
    const larger = measureOf(collection, picked.measure)?.larger ?? true;
    plot(chart, {
      title: `${picked.measure} of each query on ${collection}: ${systemName(picked.x)} across, ${systemName(picked.y)} up`,
      height: (width) => Math.min(width, 560),
      x: { label: `${systemName(picked.x)} · ${picked.measure}`, domain },
      y: { label: `${systemName(picked.y)} · ${picked.measure}`, domain },
      paint({ svg, x, y }) {
        svg.append(s("line", { class: "diagonal", x1: x(domain[0]), y1: y(domain[0]), x2: x(domain[1]), y2: y(domain[1]) }));
        const group = s("g", {});
        svg.append(group);
        const spot = (point) => `${point.x} ${point.y}`;
        const crowd = Map.groupBy(points, spot); // queries of equal values lie on one another: the more, the larger
        return points.map((point) => {
          const here = crowd.get(spot(point));
          const won = larger ? point.difference > 0 : point.difference < 0;
          const kind = point.difference === 0 ? "tie" : won ? "gain" : "loss";
          const node = s("circle", { class: `query ${kind}`, "data-query": point.id, cx: x(point.x), cy: y(point.y), r: 4.5 * Math.min(here.length ** 0.3, 3) });
          group.append(node);
          return { x: x(point.x), y: y(point.y), node, id: point.id, text: () => told(point, here) };
        });
      },
    });
  }

  const told = (point, here) => [
    h("strong", {}, here.slice(0, 8).map((other) => other.id).join(", ") + (here.length > 8 ? ` and ${here.length - 8} more` : "")),
    h("span", {}, `${systemName(picked.x)} ${number(point.x)}`), h("span", {}, `${systemName(picked.y)} ${number(point.y)}`),
    h("span", {}, `difference ${signed(point.difference)}`)];

  function summary(collection, points) {
    const count = (test) => points.filter(({ difference }) => test(difference)).length;
    const mean = points.reduce((sum, { difference }) => sum + difference, 0) / points.length;
    const larger = measureOf(collection, picked.measure)?.larger ?? true;
    const [up, down] = [count((d) => d > 0), count((d) => d < 0)];
    const ends = [...points.slice(0, 5), ...points.slice(-5).reverse()].filter((point, index, all) => point.difference !== 0 && all.indexOf(point) === index);
    aside.replaceChildren(
      h("dl", { class: "facts small" },
        [[larger ? up : down, "up is better"], [points.length - up - down, "equal"], [larger ? down : up, "across is better"], [signed(mean), "mean difference"]]
          .map(([value, what]) => h("div", {}, h("dt", {}, what), h("dd", {}, value)))),
      h("h3", {}, "Largest differences"),
      h("ol", { class: "extremes" }, ends.sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference)).map((point) => h("li", {},
        h("button", { type: "button", onclick: () => chart.explore(points.indexOf(point)) },
          h("span", {}, point.id), h("span", { class: (point.difference > 0) === larger ? "gain" : "loss" }, signed(point.difference)))))));
  }

  onCollection(draw);
  draw();
})();
