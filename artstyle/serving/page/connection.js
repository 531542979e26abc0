// Whether the service is there: asked now and then, and all the time while it is away.

import { checkHealth } from "./api.js";

const CALM_MS = 10000;
const AWAY_MS = 1500;

/** @type {Promise<void> | null} */
let waiting = null;
/** @type {(away: boolean) => void} */
let notify = () => {};

/**
 * Call `changed` when the service goes away, and when it is back.
 * @param {typeof notify} changed @param {() => void} calm Called now and then while it is there.
 */
export function watchService(changed, calm) {
  notify = changed;
  setInterval(async () => {
    if (waiting) return;
    if (await isThere()) calm();
    else untilBack();
  }, CALM_MS);
}

/** Resolves when the service answers again; call it when it did not. @returns {Promise<void>} */
export function untilBack() {
  waiting ??= (async () => {
    notify(true);
    do await pause(AWAY_MS);
    while (!(await isThere()));
    waiting = null;
    notify(false);
  })();
  return waiting;
}

/** @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const isThere = () => checkHealth().then(() => true, () => false);
