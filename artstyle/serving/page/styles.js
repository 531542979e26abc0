// What the styles are: names in the reader's language, definitions, dates, links.

import { make } from "./dom.js";

/** @typedef {import("./api.js").Style} Style */

const LANGUAGE = navigator.language.slice(0, 2).toLowerCase();

/** @type {Map<string, Style>} */
const known = new Map();

/** @param {Style[]} styles */
export function learnStyles(styles) {
  for (const style of styles) known.set(style.style, style);
}

/** Return a style's name in the reader's language, else in English. @param {string} style */
export function nameOf(style) {
  const entry = known.get(style);
  return entry?.names[LANGUAGE] ?? entry?.name ?? style.replaceAll("_", " ");
}

/** @param {string} style */
export const groupOf = (style) => known.get(style)?.group ?? null;

/** Return an element that shows a style's name. @param {string} style */
export function namedStyle(style) {
  const named = make("span", nameOf(style));
  if (known.get(style)?.names[LANGUAGE]) named.lang = LANGUAGE;
  return named;
}

/** Return what a style is in two lines, or null where nothing is known. @param {string} style */
export function aboutStyle(style) {
  const entry = known.get(style);
  if (!entry) return null;
  const links = [
    entry.aat_id && link("Getty AAT", `https://vocab.getty.edu/page/aat/${entry.aat_id}`, style),
    entry.wikidata_id && link("Wikidata", `https://www.wikidata.org/wiki/${entry.wikidata_id}`, style),
  ];
  const facts = [entry.years, entry.region, ...links].filter((it) => it !== null).filter(Boolean);
  if (!entry.definition && !facts.length) return null;
  const about = make("div", "", "about-style quiet");
  about.lang = "en";
  if (entry.definition) about.append(make("p", entry.definition));
  const line = make("p");
  facts.forEach((fact, n) => line.append(n ? " · " : "", fact));
  if (facts.length) about.append(line);
  return about;
}

/** Return a link that opens another site, in a tab of its own. @param {string} text @param {string} href @param {string} style */
function link(text, href, style) {
  const anchor = make("a", text);
  [anchor.href, anchor.target, anchor.rel] = [href, "_blank", "noopener noreferrer"];
  anchor.ariaLabel = `${text}: ${known.get(style)?.name ?? style}, in a new tab`;
  return anchor;
}
