// Effectiveness against what it costs: what analyzers declare as a cost, and seconds within one machine.

(function tradeoffs() {
  const place = section("tradeoffs");
  const [tools, pair] = [".tools", ".pair"].map((name) => place.querySelector(name));
  let measure = null;
  let machine = null;
  const offered = collections.filter((name) => data.prices.some((price) => points(name, price).length > 1));
  if (!offered.length) return;
  place.hidden = false;

  function points(collection, price) {
    const name = data.measures[collection].some((each) => each.name === measure) ? measure : data.measures[collection][0].name;
    return Object.entries(data.costs[collection])
      .map(([system, cost]) => ({ system: Number(system), x: cost[price], machine: cost.machine, y: data.records[collection][system].measures[name] }))
      .filter((point) => typeof point.x === "number" && point.y !== undefined && (price !== data.seconds || machine === null || point.machine === machine));
  }

  /** Those that no other beats in both: cheapest first. */
  function front(found, larger) {
    const best = [];
    const better = (a, b) => (larger ? a > b : a < b);
    for (const point of [...found].sort((a, b) => a.x - b.x || (larger ? b.y - a.y : a.y - b.y))) {
      if (!best.length || better(point.y, best.at(-1).y)) best.push(point);
    }
    return best;
  }

  function draw() {
    const collection = offered.includes(chosen) ? chosen : offered[0];
    const measures = data.measures[collection];
    const current = measures.find((each) => each.name === measure) ?? measures[0];
    const machines = [...new Set(Object.values(data.costs[collection]).map((cost) => cost.machine).filter(Boolean))];
    if (machines.length > 1 && !machines.includes(machine)) machine = machines[0];
    if (machines.length <= 1) machine = null;
    tools.replaceChildren(...[
      collectionPicker(offered),
      picker("Measure", measures.map(({ name }) => [name, name]), current.name, (name) => { measure = name; draw(); }),
      machines.length > 1 ? picker("Machine", machines.map((name) => [name, name]), machine, (name) => { machine = name; draw(); }) : null,
    ].filter(Boolean));
    const shown = data.prices.map((price) => [price, points(collection, price)]).filter(([, found]) => found.length > 1);
    const figures = shown.map(([price]) => h("figure", {}, h("div", { class: "chart", "data-chart": price })));
    const seen = models.filter((model) => shown.some(([, found]) => found.some(({ system }) => data.systems[system].model === model)));
    pair.replaceChildren(...figures, legend([
      ...seen.map((model) => [modelColour(model), model, isHollow(model) ? "hollow" : "query"]),
      ...(SEES.length > 1 ? SEES.map((kind) => ["var(--muted)", `sees ${kind}`, kind]) : [])]));
    shown.forEach(([price, found], index) => chart(figures[index].firstChild, collection, current, price, found));
  }

  function chart(host, collection, { name, larger }, label, found) {
    const xs = found.map(({ x }) => x);
    const log = Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) > 20;
    plot(host, {
      title: `${name} against ${label} on ${collection}`,
      height: (width) => Math.min(Math.max(width * 0.62, 260), 380),
      x: { label: log ? `${label}, logarithmic` : label, domain: around(xs, log), log },
      y: { label: name, domain: around(found.map(({ y }) => y)) },
      paint({ svg, x, y, box }) {
        const best = front(found, larger);
        const steps = best.map((point, index) => (index ? `H${x(point.x)}V${y(point.y)}` : `M${x(point.x)},${y(point.y)}`)).join("");
        svg.append(s("path", { class: "front", d: `${steps}H${box.right}` }));
        const group = s("g", {});
        svg.append(group);
        return [...found].sort((a, b) => a.x - b.x || a.y - b.y).map((point) => {
          const { sees } = data.systems[point.system];
          const node = symbol(sees, x(point.x), y(point.y), 5.5, {
            class: `system-point${isHollow(data.systems[point.system].model) ? " hollow" : ""}${best.includes(point) ? " on-front" : ""}`, "data-system": point.system, style: `--colour:${systemColour(point.system)}` });
          group.append(node);
          return { x: x(point.x), y: y(point.y), node, text: () => [h("strong", {}, systemName(point.system)),
            h("span", {}, `${name} ${number(point.y)}`), h("span", {}, `${label} ${number(point.x)}`),
            best.includes(point) ? h("span", {}, "on the Pareto front") : null].filter(Boolean) };
        });
      },
    });
  }

  onCollection(draw);
  draw();
})();
