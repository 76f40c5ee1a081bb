// Charts: inline SVG as wide as its place, drawn again when that changes; points that pointer and keyboard explore.

/** A scale from numbers to pixels. domain and range: [from, to]. */
function scale(domain, range, logarithmic = false) {
  const f = logarithmic ? Math.log10 : (x) => x;
  const [a, b] = domain.map(f);
  return (x) => range[0] + ((f(x) - a) / (b - a || 1)) * (range[1] - range[0]);
}

/** Round numbers inside a domain. */
function ticks([low, high], count, logarithmic = false) {
  if (logarithmic) {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const digit of [1, 2, 5]) found.push(digit * 10 ** power);
    }
    const inside = found.filter((x) => x >= low * 0.999 && x <= high * 1.001);
    return inside.length > count ? inside.filter((x) => /^1/.test(x.toExponential())) : inside;
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough);
  const found = [];
  for (let x = Math.ceil(low / step - 1e-9); x * step <= high + step * 1e-9; x++) found.push(Number((x * step).toPrecision(12)));
  return found;
}

/** A domain around values, with some air. */
function around(values, logarithmic = false) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (logarithmic) return [low / 1.3, high * 1.3];
  const air = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - air, high + air];
}

const charts = new Map();
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const chart = charts.get(target);
    if (chart && Math.abs(chart.width - target.clientWidth) > 1) chart.draw();
  }
});

/**
 * Draw a chart into a place. title: its accessible name. height: of a width. x, y: {label, domain, log}.
 * paint({svg, x, y, width}) adds the marks and returns points to explore: [{x, y, node, text}].
 */
function plot(place, { title, height, x, y, paint }) {
  const chart = {
    width: 0,
    draw() {
      const width = place.clientWidth;
      if (!width) return;
      chart.width = width;
      const size = { width, height: height(width) };
      const box = { right: width - 12, top: 10, bottom: size.height - 44 };
      y.ticks = ticks(y.domain, box.bottom - box.top > 400 ? 7 : 5, y.log);
      box.left = 30 + 7.4 * Math.max(...y.ticks.map((value) => label(value).length)); // room for the widest label
      const sx = scale(x.domain, [box.left, box.right], x.log), sy = scale(y.domain, [box.bottom, box.top], y.log);
      const svg = s("svg", { class: "plot", viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height,
        role: "img", "aria-label": title }, s("title", {}, title));
      axes(svg, box, x, y, sx, sy);
      const points = paint({ svg, x: sx, y: sy, box, width }) ?? [];
      const tip = h("output", { class: "tip", "aria-live": "polite", hidden: true });
      place.replaceChildren(svg, tip);
      if (points.length) explore(place, svg, tip, points, title);
    },
  };
  charts.set(place, chart);
  resized.observe(place);
  chart.draw();
}

const label = (value) => String(Number(value.toPrecision(6))).replace("-", "−");

function axes(svg, box, x, y, sx, sy) {
  for (const value of ticks(x.domain, box.right < 420 ? 4 : 7, x.log)) {
    svg.append(s("line", { class: "grid", x1: sx(value), x2: sx(value), y1: box.top, y2: box.bottom }),
      s("text", { class: "tick", x: sx(value), y: box.bottom + 16, "text-anchor": "middle" }, label(value)));
  }
  for (const value of y.ticks) {
    svg.append(s("line", { class: "grid", x1: box.left, x2: box.right, y1: sy(value), y2: sy(value) }),
      s("text", { class: "tick", x: box.left - 8, y: sy(value) + 4, "text-anchor": "end" }, label(value)));
  }
  const middle = (box.top + box.bottom) / 2;
  svg.append(s("text", { class: "axis", x: (box.left + box.right) / 2, y: box.bottom + 36, "text-anchor": "middle" }, x.label),
    s("text", { class: "axis", x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, y.label));
}

/** The nearest point follows the pointer; arrow keys walk from point to point; the tip says what it is. */
function explore(place, svg, tip, points, title) {
  let current = -1;
  svg.setAttribute("tabindex", 0);
  svg.setAttribute("role", "application");
  svg.setAttribute("aria-roledescription", "chart");
  svg.setAttribute("aria-label", `${title}. ${points.length} points; arrow keys walk through them.`);
  const show = (next) => {
    points[current]?.node.classList.remove("current");
    current = next;
    const point = points[current];
    tip.hidden = !point;
    if (!point) return;
    point.node.classList.add("current");
    point.node.parentNode.append(point.node); // in front of the others
    tip.replaceChildren(...[point.text()].flat());
    const left = Math.min(Math.max(point.x - tip.offsetWidth / 2, 0), place.clientWidth - tip.offsetWidth);
    const above = point.y - tip.offsetHeight - 12;
    tip.style.transform = `translate(${left}px, ${above < 0 ? point.y + 14 : above}px)`;
  };
  place.explore = show;
  svg.addEventListener("pointermove", (event) => {
    const frame = svg.getBoundingClientRect();
    const distance = (point) => Math.hypot(point.x - (event.clientX - frame.left), point.y - (event.clientY - frame.top));
    let nearest = 0;
    points.forEach((point, index) => { if (distance(point) < distance(points[nearest])) nearest = index; });
    show(distance(points[nearest]) < 28 ? nearest : -1);
  });
  svg.addEventListener("pointerleave", () => show(-1));
  svg.addEventListener("blur", () => show(-1));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step) show((current + step + points.length) % points.length);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(points.length - 1);
    else if (event.key === "Escape") show(-1);
    else return;
    event.preventDefault();
  });
}

/** The marks of a series: a circle sees the query alone, a square a bank, a triangle the batch. */
function symbol(kind, x, y, size, attributes) {
  const r = size * 0.9, t = size * 1.15;
  const shapes = {
    bank: `M${x - r},${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    batch: `M${x},${y - t}L${x + t},${y + t * 0.8}H${x - t}z`,
  };
  const path = shapes[kind] ?? `M${x - size},${y}a${size},${size} 0 1,0 ${2 * size},0a${size},${size} 0 1,0 ${-2 * size},0z`;
  return s("path", { d: path, ...attributes });
}

/** Names beside swatches. entries: [colour, name, kind of mark, "hollow" or "line", dashes of the line]. */
function legend(entries) {
  return h("ul", { class: "legend" }, entries.map(([colour, name, kind, dash]) => h("li", {},
    s("svg", { viewBox: "0 0 16 12", width: 16, height: 12, "aria-hidden": "true" },
      kind === "line" ? s("line", { x1: 0, x2: 16, y1: 6, y2: 6, style: `stroke:${colour}`, "stroke-width": 2.5, "stroke-dasharray": dash || null })
        : symbol(kind, 8, 6, 4.2, { style: kind === "hollow" ? `fill:none;stroke:${colour};stroke-width:2` : `fill:${colour}` })), name)));
}
