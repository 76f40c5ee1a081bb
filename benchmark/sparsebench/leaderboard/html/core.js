"use strict";
// What all parts of the page share: the data, element builders, names and colours of systems, the chosen collection.

const data = JSON.parse(document.getElementById("data").textContent);
const NOTHING = "–";
const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element. Children that are text stay text, whatever is in them. */
const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);

/** An SVG element. */
const s = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

const section = (name) => document.getElementById(name);
const collections = Object.keys(data.measures);
const models = [...new Set(data.systems.map((system) => system.model))];
const SEES = ["query", "bank", "batch"].filter((kind) => data.systems.some((system) => system.sees.includes(kind)));

/** `model + postprocessor`; the model alone where no row has a postprocessor. */
function systemName(place) {
  const { model, postprocessor } = data.systems[place];
  return data.systems.every((system) => system.postprocessor === "none") ? model : `${model} + ${postprocessor}`;
}

const modelColour = (model) => `var(--series-${models.indexOf(model) % 8})`;
// After eight models colours come again, with dashes and hollow marks: 32 look different.
const around8 = (model) => Math.floor(models.indexOf(model) / 8);
const modelDash = (model) => ["", "7 3", "2 3", "9 3 2 3"][around8(model) % 4];
const isHollow = (model) => around8(model) % 2 === 1;
const systemColour = (place) => modelColour(data.systems[place].model);
const measureOf = (collection, name) => data.measures[collection].find((measure) => measure.name === name);

/** Digits for reading: four decimals for small numbers, fewer for large ones. */
function number(value) {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 4);
}

const signed = (value) => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(4);

/** Prose of the notes: `code` between backticks, **strong** words, and markdown's escapes undone. */
function prose(text) {
  const plain = (words) => words.replace(/\\([*|`(])/g, "$1").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
  const strong = (part) => part.split("**").map((words, place) => (place % 2 ? h("strong", {}, plain(words)) : plain(words)));
  return text.split(/(?<!\\)`/).flatMap((part, place) => (place % 2 ? [h("code", {}, plain(part))] : strong(part)));
}

// The collection that the tables and all charts are about.
const listeners = [];
let chosen = collections[0];
const onCollection = (listener) => listeners.push(listener);
function choose(collection) {
  if (collection === chosen) return;
  chosen = collection;
  for (const listener of listeners) listener();
}

/** A labelled <select>. options: [value, text]; onchoose gets the value. */
function picker(label, options, value, onchoose) {
  const select = h("select", { onchange: () => onchoose(select.value) },
    options.map(([key, text]) => h("option", { value: key, selected: String(key) === String(value) }, text)));
  return h("label", { class: "picker" }, h("span", {}, label), select);
}

const collectionPicker = (offered = collections) =>
  offered.length > 1 ? picker("Collection", offered.map((name) => [name, name]), chosen, choose) : null;

/** A group of buttons of which one is pressed. */
function segments(label, options, value, onchoose) {
  return h("div", { class: "segments", role: "group", "aria-label": label },
    options.map(([key, text]) => h("button", { type: "button", "aria-pressed": String(key === value), onclick: () => onchoose(key) }, text)));
}

/** As images, so that nothing of one drawing reaches into another or into the page. */
function figures(name) {
  return (data.figures[name] ?? []).map((svg) =>
    h("img", { class: "figure", alt: `figure of ${name.replaceAll("_", " ")}`, src: `data:image/svg+xml,${encodeURIComponent(svg)}` }));
}

(function masthead() {
  const { suite, description, answer, systems, baseline, records } = data;
  const cells = Object.values(records).reduce((sum, of) => sum + Object.keys(of).length, 0);
  const facts = [[systems.length, "systems"], [collections.length, collections.length === 1 ? "collection" : "collections"], [cells, "cells"]];
  build(document.getElementById("masthead"), {}, [
    h("p", { class: "eyebrow" }, "sparsebench leaderboard"),
    h("h1", {}, suite),
    h("p", { class: "answer" }, prose(answer.text)),
    answer.analysis === null ? null : h("div", { class: "analysis" }, figures(answer.analysis)),
    h("dl", { class: "facts" },
      facts.map(([count, what]) => h("div", {}, h("dt", {}, what), h("dd", {}, count))),
      baseline === null ? null : h("div", {}, h("dt", {}, "baseline"), h("dd", { class: "name" }, systemName(baseline))))]);
  if (description) section("about").append(h("summary", {}, "What this board is, and what it cannot show"), h("p", { class: "lead" }, prose(description)));
  section("about").hidden = !description;
})();
