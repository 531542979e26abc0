// The pictures and their answers: small requests, so that each shows progress and fails alone.

import { Refused, ServiceAway, predict } from "./api.js";
import { pause, untilBack } from "./connection.js";

/** @typedef {import("./api.js").Model} Model */
/** @typedef {import("./api.js").Row} Row */
/**
 * A picture, and its row once there is one.
 * @typedef {object} Item
 * @property {string} path Of the file; with its folders where a folder was added.
 * @property {File} file
 * @property {number} place In the order in which pictures were added.
 * @property {Row | null} row
 * @property {boolean} alone To be sent in a request of its own, after one with others failed.
 * @property {number} losses How often the service went away while it had this picture.
 */

const PICTURES_PER_REQUEST = 4;
const BYTES_PER_REQUEST = 16 * 2 ** 20;
const REQUESTS_AT_ONCE = 2;
const MOST_LOSSES = 3;
const UNREADABLE = 422;
// What multipart adds to a file: its boundary, and its name up to three times as long when escaped.
const OVERHEAD_BYTES = 8192;

export class Queue {
  /** @type {Item[]} */
  items = [];
  /** @type {Item[]} */
  #waiting = [];
  #working = 0;
  #places = 0;
  #abort = new AbortController();
  #answered;
  /** What answers, once it is known. @type {Model | null} */
  model = null;

  /** @param {(item: Item) => void} answered Called after each picture. */
  constructor(answered) {
    this.#answered = answered;
  }

  /** @param {{path: string, file: File}[]} files @returns {Item[]} */
  add(files) {
    const added = files.map((file) => ({ ...file, place: this.#places++, row: null, alone: false, losses: 0 }));
    this.items.push(...added);
    this.#waiting.push(...added);
    this.start();
    return added;
  }

  clear() {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.items = [];
    this.#waiting = [];
  }

  /** Work off what waits; before the model and its limits are known, nothing is sent. */
  start() {
    while (this.model && this.#working < REQUESTS_AT_ONCE && this.#waiting.length) this.#work();
  }

  async #work() {
    this.#working++;
    while (this.model && this.#waiting.length) await this.#send(this.#take(this.model), this.model);
    this.#working--;
  }

  /** Take the next pictures that fit into one request. @param {Model} model */
  #take({ limits }) {
    const room = Math.min(BYTES_PER_REQUEST, limits.bytes);
    const most = Math.min(PICTURES_PER_REQUEST, limits.images);
    let count = 0;
    let bytes = 0;
    for (const item of this.#waiting) {
      bytes += item.file.size + OVERHEAD_BYTES;
      if (count && (item.alone || bytes > room || count === most)) break;
      count++;
      if (item.alone) break;
    }
    return this.#waiting.splice(0, count);
  }

  /** @param {Item[]} batch @param {Model} model */
  async #send(batch, model) {
    const { signal } = this.#abort;
    const read = await Promise.all(batch.map((item) => this.#bytes(item, model)));
    const pictures = read.filter((picture) => picture !== null);
    if (!pictures.length || signal.aborted) return;
    const sent = pictures.map((picture) => picture.item);
    try {
      const rows = await predict(pictures, signal);
      sent.forEach((item, n) => this.#finish(item, { ...rows[n], path: item.path }));
    } catch (error) {
      if (!signal.aborted) await this.#recover(sent, error, model);
    }
  }

  /**
   * Read a file before it is sent: a moved file must not look like a service that is away.
   * @param {Item} item @param {Model} model
   */
  async #bytes(item, { limits }) {
    if (item.file.size + OVERHEAD_BYTES > limits.bytes) {
      this.#fail(item, `${inMegabytes(item.file.size)}; the service takes up to ${inMegabytes(limits.bytes)}`);
      return null;
    }
    try {
      return { item, path: item.path, bytes: new Blob([await item.file.arrayBuffer()]) };
    } catch {
      this.#fail(item, "the file cannot be read any more; was it moved or changed? Add it again");
      return null;
    }
  }

  /** @param {Item[]} sent @param {unknown} error @param {Model} model */
  async #recover(sent, error, model) {
    if (error instanceof ServiceAway) {
      for (const item of sent) {
        item.alone = true;
        item.losses++;
        if (item.losses === MOST_LOSSES) this.#fail(item, "the service went away each time it had this picture");
      }
      this.#waiting.unshift(...sent.filter((item) => item.row === null));
      await untilBack();
    } else if (error instanceof Refused && error.status === 503) {
      this.#waiting.unshift(...sent);
      await pause(1000 * error.retryAfterS);
    } else if (error instanceof Refused && sent.length > 1) {
      for (const item of sent) item.alone = true;
      this.#waiting.unshift(...sent);
    } else if (error instanceof Refused) {
      // The model has seen a picture that cannot be read; its row says so, as in `artstyle predict`.
      this.#fail(sent[0], error.message, error.status === UNREADABLE ? model.fingerprint : "");
    } else throw error;
  }

  /** @param {Item} item @param {string} error */
  #fail(item, error, model = "") {
    const nothing = { styles: null, verdict: null, familiarity: null, likely: null, group: null };
    this.#finish(item, { path: item.path, error, model, ...nothing });
  }

  /** @param {Item} item @param {Row} row */
  #finish(item, row) {
    item.row = row;
    this.#answered(item);
  }
}

/** @param {number} bytes */
const inMegabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
