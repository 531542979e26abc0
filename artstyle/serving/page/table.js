// The table of many pictures: thumbnails, answers or errors in place, sort, filter.

import { TOP_STYLES } from "./api.js";
import { csvFile } from "./csv.js";
import { byId, counted, make } from "./dom.js";
import { nameOf } from "./styles.js";
import { MARKS, kindOf, percent, shortAnswer } from "./words.js";

/** @typedef {import("./queue.js").Item} Item */
/** @typedef {{row: HTMLTableRowElement, thumb: HTMLCanvasElement, cells: HTMLTableCellElement[]}} Line */
/** @typedef {"name" | "style" | "probability" | "answer"} Column */

const THUMB_PX = 144;
const ORDER = ["sure", "unsure", "unfamiliar", "plain", "error", "waiting"];
const names = new Intl.Collator("en", { numeric: true });

/** @param {Item} item */
const topOf = (item) => item.row?.styles?.[0];
/** @param {Item} item */
const styleOf = (item) => (topOf(item) ? nameOf(topOf(item)?.style ?? "") : "\uffff");
/** @type {Record<Column, (a: Item, b: Item) => number>} */
const COMPARE = {
  name: (a, b) => names.compare(a.path, b.path),
  style: (a, b) => names.compare(styleOf(a), styleOf(b)),
  probability: (a, b) => (topOf(b)?.probability ?? -1) - (topOf(a)?.probability ?? -1),
  answer: (a, b) => ORDER.indexOf(kindOf(a.row)) - ORDER.indexOf(kindOf(b.row)),
};

export class Table {
  /** @type {Map<Item, Line>} */
  #lines = new Map();
  /** @type {Item[]} */
  #shown = [];
  /** @type {Item | null} */
  #open = null;
  /** @type {Column | null} */
  #sorted = null;
  #turned = false;
  #planned = false;
  #thumbs = Promise.resolve();
  #body = byId("rows", HTMLTableSectionElement);
  #find = byId("find", HTMLInputElement);
  #show = byId("show", HTMLSelectElement);
  #items;
  #choose;

  /** @param {() => Item[]} items @param {(item: Item) => void} choose Called when the user opens a picture. */
  constructor(items, choose) {
    this.#items = items;
    this.#choose = choose;
    this.#find.addEventListener("input", () => this.plan());
    this.#show.addEventListener("change", () => this.plan());
    byId("download", HTMLButtonElement).addEventListener("click", () => this.#download());
    for (const button of document.querySelectorAll("[data-sort]"))
      button.addEventListener("click", () => this.#sort(/** @type {Column} */ (button.getAttribute("data-sort"))));
  }

  /** The pictures as the table shows them. */
  get shown() {
    return this.#shown;
  }

  clear() {
    this.#lines.clear();
    this.#find.value = this.#show.value = "";
    this.plan();
  }

  /** Show a picture's answer. @param {Item} item */
  update(item) {
    const line = this.#lines.get(item);
    if (line) fill(line, item);
    if (line && item.row?.styles) this.#thumbs = this.#thumbs.then(() => drawThumb(item.file, line.thumb));
    this.plan();
  }

  /** Mark the picture that is open. @param {Item | null} open */
  mark(open) {
    this.#open = open;
    for (const [item, { row }] of this.#lines) row.ariaCurrent = item === open ? "true" : null;
  }

  /** Bring the rows up to date before the next picture is painted on the screen. */
  plan() {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.#arrange();
    });
  }

  #arrange() {
    const all = this.#items();
    const compare = this.#sorted && COMPARE[this.#sorted];
    this.#shown = all.filter((item) => this.#fits(item));
    if (compare) this.#shown.sort((a, b) => (this.#turned ? -1 : 1) * compare(a, b) || a.place - b.place);
    const rows = this.#shown.map((item) => this.#line(item).row);
    if (rows.length !== this.#body.rows.length || rows.some((row, n) => row !== this.#body.rows[n])) {
      const focused = document.activeElement;
      this.#body.replaceChildren(...rows);
      if (focused instanceof HTMLElement && focused !== document.activeElement) focused.focus({ preventScroll: true });
    }
    byId("nothing", HTMLElement).hidden = rows.length > 0;
    const ready = this.#shown.filter((item) => item.row).length;
    const download = byId("download", HTMLButtonElement);
    download.textContent = ready === all.length ? "Download CSV" : `Download CSV (${counted(ready, "row")})`;
    download.disabled = ready === 0;
  }

  /** @param {Item} item */
  #fits(item) {
    const kind = this.#show.value;
    if (kind && kind !== kindOf(item.row)) return false;
    const styles = (item.row?.styles ?? []).slice(0, 1).map(({ style }) => nameOf(style));
    const text = [item.path, ...styles].join("\n").toLowerCase();
    return text.includes(this.#find.value.trim().toLowerCase());
  }

  /** @param {Item} item @returns {Line} */
  #line(item) {
    const known = this.#lines.get(item);
    if (known) return known;
    const row = document.createElement("tr");
    const head = make("th");
    head.scope = "row";
    const thumb = make("canvas", "", "thumb");
    thumb.width = thumb.height = 1;
    thumb.ariaHidden = "true";
    const open = make("button");
    open.type = "button";
    open.addEventListener("click", () => this.#choose(item));
    const name = item.path.lastIndexOf("/") + 1;
    open.append(make("span", item.path.slice(0, name), "quiet"), item.path.slice(name));
    const picture = make("div", "", "picture");
    picture.append(thumb, open);
    head.append(picture);
    const cells = [make("td"), make("td", "", "n"), make("td")];
    row.append(head, ...cells);
    const line = { row, thumb, cells };
    this.#lines.set(item, line);
    fill(line, item);
    row.ariaCurrent = item === this.#open ? "true" : null;
    return line;
  }

  /** Sort by a column; by the same again, turn; then as the pictures were added. @param {Column} column */
  #sort(column) {
    if (this.#sorted !== column) [this.#sorted, this.#turned] = [column, false];
    else if (!this.#turned) this.#turned = true;
    else this.#sorted = null;
    for (const button of document.querySelectorAll("[data-sort]")) {
      const here = button.getAttribute("data-sort") === this.#sorted;
      // Probabilities start with the highest.
      const down = this.#turned !== (column === "probability");
      const head = button.parentElement;
      if (here) head?.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head?.removeAttribute("aria-sort");
    }
    this.plan();
  }

  #download() {
    const rows = this.#shown.flatMap((item) => item.row ?? []);
    const styles = Math.max(...rows.map((row) => row.styles?.length ?? 0)) || TOP_STYLES;
    const link = make("a");
    link.href = URL.createObjectURL(csvFile(rows, styles));
    link.download = "styles.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
}

/** @param {Line} line @param {Item} item */
function fill({ row, cells: [style, probability, answer] }, item) {
  const top = topOf(item);
  const kind = kindOf(item.row);
  row.dataset.kind = kind;
  style.textContent = top ? nameOf(top.style) : "";
  probability.textContent = top ? percent(top.probability) : "";
  const mark = make("span", MARKS[kind], "mark-of-kind");
  mark.ariaHidden = "true";
  answer.replaceChildren(mark, ` ${shortAnswer(item.row)}`);
}

/** @param {Blob} file @param {HTMLCanvasElement} canvas */
async function drawThumb(file, canvas) {
  // The service read this picture, so it has no more pixels than a browser can bear.
  const bitmap = await createImageBitmap(file, { resizeWidth: THUMB_PX, resizeQuality: "medium" }).catch(() => null);
  if (!bitmap) return;
  const scale = Math.min(1, THUMB_PX / bitmap.height);
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}
