// The page: what is open, how far it is, which model answers.

import { Refused, ServiceAway, readModel, readStyles } from "./api.js";
import { untilBack, watchService } from "./connection.js";
import { byId, counted, make } from "./dom.js";
import { clearStage, listenToSliders, showHeat } from "./heat.js";
import { listenForPictures } from "./intake.js";
import { Queue } from "./queue.js";
import { clearSimilar, showSimilar } from "./similar.js";
import { Table } from "./table.js";
import { aboutStyle, learnStyles, nameOf, namedStyle } from "./styles.js";
import { MARKS, kindOf, likelyWords, longAnswer, percent } from "./words.js";

/** @typedef {import("./queue.js").Item} Item */
/** @typedef {import("./api.js").Model} Model */

const AWAY = "The service does not answer. Your pictures and their answers stay here, and the rest goes on by itself when it is back.";

/** @type {Item | null} */
let open = null;
let quarters = 0;

const queue = new Queue((item) => {
  if (!queue.items.includes(item)) return;
  table.update(item);
  if (item === open) showItem(item);
  if (item.row?.model && item.row.model !== queue.model?.fingerprint) loadModel();
  showProgress();
});
const table = new Table(() => queue.items, (item) => {
  openItem(item);
  byId("detail-name", HTMLElement).focus();
});

/** @param {Item} item */
function openItem(item) {
  open = item;
  table.mark(item);
  showItem(item);
}

/** @param {Item} item */
function showItem(item) {
  const { row } = item;
  byId("detail-name", HTMLElement).textContent = item.path;
  const answer = byId("answer", HTMLElement);
  const mark = make("span", MARKS[kindOf(row)], "mark-of-kind");
  mark.ariaHidden = "true";
  answer.dataset.kind = kindOf(row);
  answer.replaceChildren(mark, ` ${longAnswer(row)}`);
  byId("read", HTMLElement).hidden = !row?.styles;
  clearStage();
  clearSimilar();
  if (!row?.styles) return;
  byId("bars", HTMLElement).replaceChildren(...row.styles.map(bar));
  byId("bars", HTMLElement).querySelector("details")?.setAttribute("open", "");
  byId("likely", HTMLElement).textContent = likelyWords(row);
  const style = byId("style", HTMLSelectElement);
  const labels = [...new Set([...row.styles.map((it) => it.style), ...(queue.model?.labels ?? [])])];
  style.replaceChildren(...labels.map((label) => new Option(nameOf(label), label)));
  showHeat(item, labels[0]);
  if (queue.model?.index) showSimilar(item.file, queue.model.index);
}

/** @param {import("./api.js").RankedStyle} ranked */
function bar({ style, probability }) {
  const entry = make("li");
  const line = make("i");
  line.style.setProperty("--share", percent(probability, 2));
  line.ariaHidden = "true";
  const top = [namedStyle(style), " ", make("span", percent(probability), "n"), line];
  const about = aboutStyle(style);
  if (!about) {
    entry.append(...top);
    return entry;
  }
  const details = make("details");
  const summary = make("summary");
  summary.append(...top);
  details.append(summary, about);
  entry.append(details);
  return entry;
}

function showProgress() {
  const total = queue.items.length;
  const done = queue.items.filter((item) => item.row).length;
  const failed = queue.items.filter((item) => item.row?.error != null).length;
  const words = `${done.toLocaleString("en")} of ${counted(total, "picture")} answered${failed ? `; ${failed.toLocaleString("en")} not read` : ""}`;
  byId("results", HTMLElement).hidden = total === 0;
  byId("results", HTMLElement).classList.toggle("one", total === 1);
  byId("list", HTMLElement).hidden = byId("steps", HTMLElement).hidden = total < 2;
  byId("clear", HTMLElement).hidden = total === 0;
  byId("count", HTMLElement).textContent = `${words}.`;
  const progress = byId("progress", HTMLProgressElement);
  [progress.max, progress.value, progress.hidden] = [total || 1, done, done === total];
  document.title = done < total ? `${done} of ${total} - artstyle` : "artstyle: which style is this painting?";
  // A screen reader that read out every request would never fall silent.
  const reached = Math.floor((4 * done) / (total || 1));
  if (reached !== quarters && done) byId("milestones", HTMLElement).textContent = words;
  quarters = reached;
}

/** @param {number} by */
function step(by) {
  const { shown } = table;
  const place = open ? shown.indexOf(open) : -1;
  const next = shown[(place + by + shown.length) % shown.length];
  if (next) openItem(next);
}

async function loadModel() {
  try {
    const [found, styles] = await Promise.all([readModel(), readStyles()]);
    const former = queue.model;
    queue.model = found;
    if (former?.fingerprint !== found.fingerprint) {
      learnStyles(styles);
      showModel(found, styles);
    }
    if (former && former.fingerprint !== found.fingerprint) say("The service answers with another model now. Earlier answers stay; the CSV names the model of each.");
    queue.start();
  } catch (error) {
    if (error instanceof Refused) say(`The service does not show its model: ${error.message}.`);
    else if (error instanceof ServiceAway) await untilBack();
    else throw error;
  }
}

/** @param {Model} found @param {import("./api.js").Style[]} styles */
function showModel(found, styles) {
  byId("model", HTMLElement).textContent = found.is_starter ? found.note : ownModelWords(found);
  const facts = [
    ["Model", found.name], ["Run", found.run], ["Fingerprint", found.fingerprint],
    ["Validation pictures it is right for", share(found.accuracy)],
    ["The same, if it always named their most frequent style", share(found.majority)],
  ];
  byId("facts", HTMLElement).replaceChildren(...facts.map(fact));
  const groups = Map.groupBy(styles, ({ group }) => group ?? "Other styles");
  const lists = [...groups].map(([group, members]) => fact([group, members.map(({ style }) => nameOf(style)).join(", ")]));
  byId("styles", HTMLElement).replaceChildren(...lists);
  byId("card", HTMLElement).hidden = found.card === null;
  byId("card-text", HTMLElement).textContent = found.card;
  byId("about", HTMLElement).hidden = false;
}

/** @param {Model} found */
function ownModelWords({ run, accuracy, note }) {
  const right = accuracy === null ? "" : ` It is right for ${percent(accuracy, 0)} of its validation pictures.`;
  return [`The model of ${run} answers.${right}`, note].filter(Boolean).join(" ");
}

/** @param {number | null} known */
const share = (known) => (known === null ? "not known" : percent(known));

/** @param {string[]} pair */
function fact([term, text]) {
  const both = make("div");
  both.append(make("dt", term), make("dd", text));
  return both;
}

/** @param {string} text */
function say(text) {
  byId("alert", HTMLElement).textContent = text;
}

listenForPictures((files) => {
  const added = queue.add(files);
  table.plan();
  showProgress();
  if (added.length) openItem(added[0]);
});
listenToSliders();
watchService((away) => {
  say(away ? AWAY : "");
  if (!away) loadModel();
}, loadModel);
byId("host", HTMLElement).textContent = `the service at ${location.host}`;
byId("style", HTMLSelectElement).addEventListener("change", (event) => {
  if (open && event.target instanceof HTMLSelectElement) showHeat(open, event.target.value);
});
byId("previous", HTMLButtonElement).addEventListener("click", () => step(-1));
byId("next", HTMLButtonElement).addEventListener("click", () => step(1));
byId("to-list", HTMLButtonElement).addEventListener("click", () => {
  const mine = byId("rows", HTMLElement).querySelector("[aria-current] button");
  if (mine instanceof HTMLElement) mine.focus();
});
byId("clear", HTMLButtonElement).addEventListener("click", () => {
  queue.clear();
  open = null;
  table.clear();
  clearStage();
  clearSimilar();
  showProgress();
  byId("choose-pictures", HTMLButtonElement).focus();
});
loadModel();
