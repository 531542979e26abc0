// The works of the index that look most like the open picture.

import { Refused, ServiceAway, findSimilar, workAddress } from "./api.js";
import { untilBack } from "./connection.js";
import { byId, counted, make } from "./dom.js";
import { nameOf } from "./styles.js";

/** @typedef {import("./api.js").Work} Work */

const section = byId("similar", HTMLElement);
const words = byId("similar-words", HTMLElement);
const list = byId("works", HTMLElement);

/** The picture whose works are shown; answers for any other come too late. @type {Blob | null} */
let current = null;

export function clearSimilar() {
  current = null;
  section.hidden = true;
  list.replaceChildren();
}

/** @param {Blob} picture @param {{works: number}} index */
export async function showSimilar(picture, index) {
  clearSimilar();
  current = picture;
  section.hidden = false;
  words.textContent = `Looking among ${counted(index.works, "work")}.`;
  await ask(picture, index);
}

/** @param {Blob} picture @param {{works: number}} index */
async function ask(picture, index) {
  try {
    const works = await findSimilar(picture);
    if (picture !== current) return;
    words.textContent = `The nearest of ${counted(index.works, "work")}. The number is their likeness to the picture: 1 is equal.`;
    list.replaceChildren(...works.map(entry));
  } catch (error) {
    if (picture !== current) return;
    if (error instanceof Refused) words.textContent = `No similar works: ${error.message}.`;
    else if (error instanceof ServiceAway) {
      words.textContent = "Similar works come when the service is back.";
      await untilBack();
      if (picture === current) await ask(picture, index);
    } else throw error;
  }
}

/** @param {Work} work */
function entry(work) {
  const item = make("li");
  const name = work.path.split(/[\\/]/).at(-1) ?? work.path;
  const style = work.style ? nameOf(work.style) : `${nameOf(work.predicted)} (model)`;
  const image = make("img");
  [image.alt, image.src, image.loading] = [`The work ${name}`, workAddress(work), "lazy"];
  image.addEventListener("error", () => image.replaceWith(make("span", "Its file cannot be shown from here.", "missing quiet")));
  const about = make("p", [work.score.toFixed(3), style, work.artist].filter(Boolean).join(" · "));
  const file = make("p", name, "quiet");
  file.title = work.path;
  item.append(image, about, file);
  return item;
}
