// The service's answers: the only module that knows its addresses.

/** @typedef {{style: string, probability: number}} RankedStyle */
/** @typedef {{group: string, probability: number, sure: boolean}} RankedGroup */
/** @typedef {"sure" | "unsure" | "unfamiliar"} Verdict */
/**
 * A row of `artstyle predict`.
 * @typedef {object} Row
 * @property {string} path
 * @property {RankedStyle[] | null} styles The most probable first; null if it could not be read.
 * @property {string | null} error
 * @property {string} model The model's fingerprint; empty if the picture never reached it.
 * @property {Verdict | null} verdict
 * @property {number | null} familiarity
 * @property {string[] | null} likely
 * @property {RankedGroup | null} group
 * @property {string[]} [labels] Where a picture may have several: those that it is given.
 */
/** @typedef {{images: number, bytes: number, pixels: number}} Limits */
/**
 * @typedef {object} Model
 * @property {string} name
 * @property {string} run
 * @property {string} fingerprint
 * @property {string[]} labels
 * @property {number | null} accuracy
 * @property {number | null} majority
 * @property {string | null} note
 * @property {boolean} is_starter
 * @property {string | null} card In Markdown.
 * @property {{works: number} | null} index What is searched for similar works.
 * @property {Limits} limits
 */
/**
 * @typedef {object} Style
 * @property {string} style The label, as in every row.
 * @property {string} name In English.
 * @property {Record<string, string>} names By language, as in `en`.
 * @property {string | null} group
 * @property {string | null} definition In English.
 * @property {string | null} years
 * @property {string | null} region In English.
 * @property {string | null} aat_id
 * @property {string | null} wikidata_id
 */
/**
 * @typedef {object} Heat
 * @property {string} style
 * @property {number[][]} map From 0, cold, to 1, hot.
 * @property {number[]} region What the map covers: left, top, right, bottom as shares of the picture.
 * @property {Row} row
 */

/**
 * A work of the index.
 * @typedef {object} Work
 * @property {string} path
 * @property {number} score The cosine of two embeddings; 1 is equal.
 * @property {string | null} style What the collection says.
 * @property {string | null} artist
 * @property {string} predicted The model's most probable style.
 */

export const TOP_STYLES = 3;
const SIMILAR_WORKS = 8;
const HEALTH_TIMEOUT_MS = 5000;

/** The service does not answer at all. */
export class ServiceAway extends Error {}

/** The service answered that it will not do this. */
export class Refused extends Error {
  /** @param {string} reason @param {number} status @param {number} retryAfterS */
  constructor(reason, status, retryAfterS) {
    super(reason);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** @returns {Promise<Model>} */
export const readModel = () => request("v1/model", (answer) => answer.json());

/** @returns {Promise<Style[]>} */
export const readStyles = () => request("v1/styles", (answer) => answer.json());

/** Resolves if the service answers. @returns {Promise<unknown>} */
export const checkHealth = () =>
  request("healthz", (answer) => answer.text(), { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });

/**
 * Return a row for each picture, in order.
 * @param {{path: string, bytes: Blob}[]} pictures
 * @param {AbortSignal} signal
 * @returns {Promise<Row[]>}
 */
export async function predict(pictures, signal) {
  const body = new FormData();
  for (const picture of pictures) body.append("images", picture.bytes, picture.path);
  const init = { method: "POST", body, signal };
  const answer = await request(`v1/predict?top_k=${TOP_STYLES}`, (it) => it.json(), init);
  if (answer.results?.length !== pictures.length)
    throw new Refused("the service sent another number of answers than pictures", 500, 0);
  return answer.results;
}

/** @param {Blob} picture @param {string} style @returns {Promise<Heat>} */
export const explain = (picture, style) => heatmap(picture, style, "json", (it) => it.json());

/** Return the heat drawn over the picture. @param {Blob} picture @param {string} style @returns {Promise<Blob>} */
export const drawHeat = (picture, style) => heatmap(picture, style, "png", (it) => it.blob());

/**
 * @template T
 * @param {Blob} picture @param {string} style @param {"json" | "png"} format
 * @param {(answer: Response) => Promise<T>} read
 */
function heatmap(picture, style, format, read) {
  const body = new FormData();
  body.append("images", picture, "picture");
  const query = new URLSearchParams({ style, format });
  return request(`v1/gradcam?${query}`, read, { method: "POST", body });
}

/** Return the works of the index that look most like a picture. @param {Blob} picture @returns {Promise<Work[]>} */
export function findSimilar(picture) {
  const body = new FormData();
  body.append("images", picture, "picture");
  return request(`v1/similar?top_k=${SIMILAR_WORKS}`, async (it) => (await it.json()).results[0].similar, { method: "POST", body });
}

/** @param {Work} work */
export const workAddress = ({ path }) => `v1/similar/picture?${new URLSearchParams({ path })}`;

/**
 * @typedef {object} ReviewRow
 * @property {number} row From 1.
 * @property {string} path
 * @property {string | null} id
 * @property {string | null} label
 * @property {RankedStyle[] | null} styles
 * @property {string | null} error
 * @property {string} model
 * @property {Verdict | null} verdict
 * @property {string[] | null} likely
 * @property {string} review A style, "rejected", or empty.
 */
/** @typedef {{file: string, reading: string, rows: ReviewRow[], styles: Style[]}} Review */

/** @returns {Promise<Review>} */
export const readReview = () => request("v1/review", (answer) => answer.json());

/** Resolves when the decision is saved. @param {ReviewRow} row @param {string} review @param {string} reading */
export function decide({ row, review: former }, review, reading) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ review, former, reading });
  return request(`v1/review/${row}`, (answer) => answer.json(), { method: "POST", headers, body });
}

/** @param {number} row @param {string} reading */
export const pictureAddress = (row, reading) => `v1/review/${row}/picture?reading=${reading}`;

/** Return why a picture is missing. @param {number} row @returns {Promise<string>} */
export const pictureProblem = (row) =>
  request(`v1/review/${row}/picture`, () => Promise.resolve("the browser cannot show it"))
    .catch((error) => { if (error instanceof Refused) return error.message; throw error; });

/**
 * @template T
 * @param {string} path @param {(answer: Response) => Promise<T>} read @param {RequestInit} init
 * @returns {Promise<T>}
 */
async function request(path, read, init = {}) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...init });
    // The service may end in the middle of its answer.
    if (answer.ok) return await read(answer);
  } catch (error) {
    if (init.signal?.aborted && init.signal.reason?.name === "AbortError") throw error;
    throw new ServiceAway();
  }
  // A proxy says so when nothing answers behind it.
  if (answer.status === 502) throw new ServiceAway();
  const reason = (await answer.json().catch(() => null))?.error ?? `it answered ${answer.status}`;
  throw new Refused(String(reason), answer.status, Number(answer.headers.get("Retry-After")) || 1);
}
