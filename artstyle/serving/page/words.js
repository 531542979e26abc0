// Answers in words, as `artstyle predict` says them.

import { groupOf, nameOf } from "./styles.js";

/** @typedef {import("./api.js").Row} Row */
/** @typedef {import("./api.js").Verdict | "error" | "waiting" | "plain"} Kind */

const NAMED = 3;
/** @type {Record<Kind, string>} */
export const MARKS = { sure: "●", unsure: "◐", unfamiliar: "○", error: "✕", waiting: "…", plain: "" };

/** @param {number} share @param {number} decimals */
export const percent = (share, decimals = 1) => `${(100 * share).toFixed(decimals)}%`;

/** Return what kind of answer a row is. @param {Row | null} row @returns {Kind} */
export function kindOf(row) {
  if (!row) return "waiting";
  return row.error === null ? row.verdict ?? "plain" : "error";
}

/** Return how sure an answer is in a few words. @param {Row | null} row */
export function shortAnswer(row) {
  if (!row) return "waiting";
  if (row.error !== null) return `not read: ${row.error}`;
  if (row.labels) return row.labels.map(nameOf).join(", ") || "no label";
  if (row.verdict === "unfamiliar") return "not like anything it learnt";
  if (row.verdict !== "unsure") return row.verdict ?? "";
  if (row.group?.sure) return groupWords(row);
  const likely = (row.likely ?? []).map(nameOf);
  return `unsure: ${likely.length === 1 ? "perhaps " : ""}${either(likely)}`;
}

/** Return how sure an answer is in a sentence. @param {Row | null} row */
export function longAnswer(row) {
  if (!row) return "Waiting for the answer.";
  if (row.error !== null) return `Not read: ${row.error}.`;
  if (row.labels) return row.labels.length ? `${row.labels.map(nameOf).join(", ")}.` : "No label is probable enough to be given.";
  const style = nameOf(row.styles?.[0]?.style ?? "");
  if (row.verdict === "sure") return `${style}. The model is sure: of its validation pictures, at least 9 of 10 such answers were right.`;
  if (row.verdict === "unfamiliar") return "Not like anything the model learnt. Do not rely on these styles.";
  if (row.verdict === null) return `${style}. This model cannot say how sure it is.`;
  if (row.group?.sure) return `${groupWords(row)}. The model is sure of the group, not of the style.`;
  const likely = (row.likely ?? []).map(nameOf);
  return `The model is unsure: ${likely.length === 1 ? "perhaps " : ""}${either(likely)}.`;
}

/** Return the styles that hold the true one in most cases. @param {Row} row */
export function likelyWords(row) {
  if (!row.likely || row.verdict === "unfamiliar") return "";
  return `Likely: ${row.likely.map(nameOf).join(", ")}. For 9 of 10 paintings, the right style is among the likely ones.`;
}

/** @param {Row} row */
function groupWords({ group, likely }) {
  if (!group) return "";
  const words = `${group.group}, ${percent(group.probability, 0)}`;
  const whole = (likely ?? []).filter((style) => groupOf(style) === group.group).map(nameOf);
  const isStyle = whole.includes(group.group);
  if (!whole.length || (isStyle && whole.length === 1)) return words;
  const named = isStyle ? whole : whole.map((name) => withoutEnd(name, ` ${group.group}`));
  return `${words} (${either(named)})`;
}

/** @param {string} text @param {string} end */
const withoutEnd = (text, end) => (text.endsWith(end) ? text.slice(0, -end.length) : text);

/** Return "a", "a or b", "a, b or c", "a, b, c or 4 others". @param {string[]} all */
function either(all) {
  const shown = all.length > NAMED + 1 ? [...all.slice(0, NAMED), `${all.length - NAMED} others`] : all;
  return [shown.slice(0, -1).join(", "), shown.at(-1) ?? ""].filter(Boolean).join(" or ");
}
