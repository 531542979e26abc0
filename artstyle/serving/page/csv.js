// The table as a CSV file: the columns and cells of `artstyle predict --format csv`.

/** @typedef {import("./api.js").Row} Row */

// A spreadsheet reads a cell that begins so as a formula; artstyle.storage.files says the rest.
const FORMULA = /^'*[=+\-@\t\r]/;
const FORMULA_START = /^['=+\-@\t\r]/;
const DECIMALS = 8;

/** @param {Row[]} rows @param {number} styles How many a row names. @returns {Blob} */
export function csvFile(rows, styles) {
  const ranks = Array.from({ length: styles }, (_, n) => [`style_${n + 1}`, `probability_${n + 1}`]).flat();
  const confidence = ["verdict", "familiarity", "likely", "group", "group_probability"];
  const labels = rows.some((row) => row.labels) ? ["labels"] : [];
  const head = ["path", "file", ...labels, ...ranks, "error", "model", ...confidence];
  const lines = [head, ...rows.map((row) => cells(row, styles, labels.length > 0))].map(line);
  // Excel takes a file for UTF-8 by the mark at its start.
  return new Blob(["\ufeff", ...lines], { type: "text/csv;charset=utf-8" });
}

/** @param {Row} row @param {number} styles @param {boolean} several */
function cells(row, styles, several) {
  const ranked = (row.styles ?? []).slice(0, styles).flatMap((it) => [it.style, plain(it.probability)]);
  const padding = Array(2 * styles - ranked.length).fill("");
  // In label order, as Python sorts: by code points.
  const labels = several ? [[...(row.labels ?? [])].sort().join("|")] : [];
  const path = FORMULA_START.test(row.path) ? `./${row.path}` : row.path;
  return [
    path, row.path.split("/").at(-1) ?? "", ...labels, ...ranked, ...padding, row.error ?? "", row.model, row.verdict ?? "",
    row.familiarity === null ? "" : decimal(row.familiarity), (row.likely ?? []).join("; "),
    row.group?.group ?? "", row.group ? plain(row.group.probability) : "",
  ];
}

/** @param {string[]} texts */
function line(texts) {
  const inert = texts.map((text) => (FORMULA.test(text) ? `'${text}` : text));
  const needed = inert.some((text) => text.includes("\r")) ? /^/ : /[",\n]/;
  return `${inert.map((text) => (needed.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(",")}\n`;
}

/** @param {number} probability */
const plain = (probability) => probability.toFixed(DECIMALS);

/** Return a share as Python writes it: 1 as "1.0". @param {number} share */
const decimal = (share) => (Number.isInteger(share) ? share.toFixed(1) : String(share));
