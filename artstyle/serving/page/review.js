// The page on which a person reviews the answers in a file, row by row.

import { Refused, ServiceAway, decide, pictureAddress, pictureProblem, readReview } from "./api.js";
import { untilBack } from "./connection.js";
import { byId, make } from "./dom.js";
import { learnStyles, nameOf, namedStyle } from "./styles.js";
import { MARKS, kindOf, likelyWords, longAnswer, percent } from "./words.js";

/** @typedef {import("./api.js").Review} Review */
/** @typedef {import("./api.js").ReviewRow} ReviewRow */

const REJECTED = "rejected";

/** @type {Review} */
let review = { file: "", reading: "", rows: [], styles: [] };
/** @type {ReviewRow | null} */
let open = null;
/** What can be taken back, the last one at the end. @type {{row: number, review: string}[]} */
const former = [];
let saving = false;

/** @param {string} words */
const say = (words) => { byId("alert", HTMLElement).textContent = words; };

/** Return the rows that are shown; the open one stays until another is opened. */
function shown() {
  const all = byId("show", HTMLSelectElement).value === "all";
  return all ? review.rows : review.rows.filter((row) => row === open || !row.review);
}

/** @param {number} by */
function step(by) {
  const rows = shown();
  const next = rows[(rows.findIndex((row) => row === open) + by + rows.length) % rows.length];
  if (next) openRow(next);
}

/** Open the next row that is not reviewed, or after the last one the first. */
function openNext() {
  const after = review.rows.filter(({ row }) => row > (open?.row ?? 0));
  const all = byId("show", HTMLSelectElement).value === "all";
  const next = all ? after[0] : after.find((row) => !row.review) ?? review.rows.find((row) => !row.review);
  if (next) openRow(next);
  else showRow();
}

/** @param {ReviewRow} row */
function openRow(row) {
  open = row;
  say("");
  // The button that was pressed goes away with the former row.
  if (byId("bars", HTMLElement).contains(document.activeElement)) byId("name", HTMLElement).focus();
  showRow();
  showPicture(row);
  const following = review.rows.find((it) => it.row > row.row && !it.review);
  if (following) new Image().src = pictureAddress(following.row, review.reading);
}

function showRow() {
  showProgress();
  byId("review", HTMLElement).hidden = open === null;
  if (!open) return;
  const row = { ...open, familiarity: null, group: null };
  byId("name", HTMLElement).textContent = open.label ?? open.path.split(/[\\/]/).at(-1) ?? "";
  byId("file", HTMLElement).textContent = [open.id, open.path].filter(Boolean).join(" · ");
  const answer = byId("answer", HTMLElement);
  const mark = make("span", MARKS[kindOf(row)], "mark-of-kind");
  mark.ariaHidden = "true";
  answer.dataset.kind = kindOf(row);
  answer.replaceChildren(mark, ` ${longAnswer(row)}`);
  byId("bars", HTMLElement).replaceChildren(...(open.styles ?? []).map(choice));
  byId("likely", HTMLElement).textContent = open.error === null ? likelyWords(row) : "";
  byId("accept", HTMLButtonElement).disabled = !open.styles;
  byId("decision", HTMLElement).textContent = decisionWords(open.review);
  byId("find", HTMLInputElement).value = "";
}

/** @param {string} decision */
function decisionWords(decision) {
  if (!decision) return "Not reviewed.";
  return decision === REJECTED ? "Rejected." : `Reviewed: ${nameOf(decision)}.`;
}

/** @param {import("./api.js").RankedStyle} ranked @param {number} n */
function choice({ style, probability }, n) {
  const entry = make("li");
  const button = make("button");
  button.type = "button";
  button.ariaPressed = String(open?.review === style);
  if (n < 9) {
    button.setAttribute("aria-keyshortcuts", String(n + 1));
    button.append(make("kbd", String(n + 1)));
  }
  button.append(namedStyle(style), make("span", percent(probability), "n"));
  button.addEventListener("click", () => save(style));
  const line = make("i");
  line.style.setProperty("--share", percent(probability, 2));
  line.ariaHidden = "true";
  entry.append(button, line);
  return entry;
}

/** @param {ReviewRow} row */
function showPicture(row) {
  const painting = byId("painting", HTMLImageElement);
  const problem = byId("picture-problem", HTMLElement);
  painting.hidden = false;
  problem.textContent = "";
  painting.alt = row.label ?? row.path;
  painting.onerror = async () => {
    const reason = await pictureProblem(row.row).catch(() => "the service does not answer");
    if (row !== open) return;
    painting.hidden = true;
    problem.textContent = `The picture cannot be shown: ${reason}.`;
  };
  painting.src = pictureAddress(row.row, review.reading);
}

function showProgress() {
  const done = review.rows.filter((row) => row.review).length;
  const total = review.rows.length;
  const [doneWords, totalWords] = [done, total].map((it) => it.toLocaleString("en"));
  const place = open ? ` Row ${open.row.toLocaleString("en")} is open.` : "";
  byId("progress-words", HTMLElement).textContent = `${doneWords} of ${totalWords} reviewed in ${review.file}.${place}`;
  const progress = byId("progress", HTMLProgressElement);
  [progress.max, progress.value] = [total || 1, done];
  byId("finished", HTMLElement).hidden = done < total;
  byId("undo", HTMLButtonElement).disabled = !former.length;
  document.title = `${doneWords} of ${totalWords} - artstyle review`;
}

/** Save a decision on the open row, then open the next. @param {string} decision */
async function save(decision) {
  const row = open;
  if (!row || saving) return;
  const before = row.review;
  if (!(await saved(row, decision))) return;
  former.push({ row: row.row, review: before });
  openNext();
}

async function undo() {
  const last = former.at(-1);
  const row = review.rows.find((it) => it.row === last?.row);
  if (!last || !row || saving || !(await saved(row, last.review))) return;
  former.pop();
  openRow(row);
}

/** Return whether the file has the decision now. @param {ReviewRow} row @param {string} decision */
async function saved(row, decision) {
  saving = true;
  try {
    await decide(row, decision, review.reading);
    row.review = decision;
    return true;
  } catch (error) {
    if (error instanceof ServiceAway) {
      say("The service does not answer. The last decision may not be saved: decide again when this line is gone.");
      untilBack().then(() => say(""));
    } else if (error instanceof Refused && error.status === 409) {
      await load();
      say(`${error.message}. The page shows the file as it is now; decide again.`);
    } else if (error instanceof Refused) say(`Not saved: ${error.message}.`);
    else throw error;
    return false;
  } finally {
    saving = false;
  }
}

/** Choose the style that is written in the search field. */
function chooseWritten() {
  const field = byId("find", HTMLInputElement);
  const written = field.value.trim().toLowerCase();
  if (!written) return;
  const all = review.styles.map(({ style }) => style);
  const same = all.filter((style) => [nameOf(style), style].some((name) => name.toLowerCase() === written));
  const fits = same.length ? same : all.filter((style) => nameOf(style).toLowerCase().includes(written));
  if (fits.length !== 1) {
    say(fits.length ? `Several styles fit: ${fits.map(nameOf).join(", ")}. Write more of the name.` : `No style is called ${field.value}.`);
    return;
  }
  field.blur();
  save(fits[0]);
}

async function load() {
  try {
    const place = open?.row ?? 0;
    const reread = await readReview();
    // Rows of another reading may be other pictures.
    if (reread.reading !== review.reading) former.length = 0;
    review = reread;
    learnStyles(review.styles);
    byId("styles", HTMLDataListElement).replaceChildren(...review.styles.map(({ style }) => new Option("", nameOf(style))));
    open = null;
    const again = review.rows.find(({ row }) => row === place) ?? review.rows.find((row) => !row.review);
    if (again) openRow(again);
    else showRow();
  } catch (error) {
    if (error instanceof Refused) say(`The answers cannot be read: ${error.message}.`);
    else if (error instanceof ServiceAway) {
      say("The service does not answer.");
      await untilBack();
      say("");
      await load();
    } else throw error;
  }
}

/** @type {Record<string, () => void>} */
const ACTIONS = {
  enter: accept, a: accept, r: () => save(REJECTED), u: undo,
  arrowleft: () => step(-1), arrowright: () => step(1), "/": () => byId("find", HTMLElement).focus(),
};

/** Return what a key does. @param {string} key @returns {(() => void) | undefined} */
function actionOf(key) {
  const ranked = /^[1-9]$/.test(key) ? open?.styles?.[Number(key) - 1] : undefined;
  return ranked ? () => save(ranked.style) : ACTIONS[key.toLowerCase()];
}

function accept() {
  const first = open?.styles?.[0];
  if (first) save(first.style);
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || !byId("keys", HTMLInputElement).checked) return;
  if (target instanceof HTMLInputElement && target.type === "search") {
    if (key === "Escape") target.blur();
    return;
  }
  if (target instanceof HTMLSelectElement) return;
  // Enter belongs to the button that has the focus.
  if (key === "Enter" && target instanceof Element && target.closest("button, summary, a, input")) return;
  const action = actionOf(key);
  if (!action) return;
  event.preventDefault();
  // A key that is held down would decide on pictures that nobody saw.
  if (!event.repeat || key.startsWith("Arrow")) action();
});
byId("accept", HTMLElement).addEventListener("click", accept);
byId("reject", HTMLElement).addEventListener("click", () => save(REJECTED));
byId("undo", HTMLElement).addEventListener("click", undo);
byId("previous", HTMLElement).addEventListener("click", () => step(-1));
byId("next", HTMLElement).addEventListener("click", () => step(1));
byId("other", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  chooseWritten();
});
byId("show", HTMLSelectElement).addEventListener("change", () => {
  if (open?.review && byId("show", HTMLSelectElement).value === "open") openNext();
});

load();
