// The heatmap over a picture: its colours, its strength, and before and after.

import { Refused, ServiceAway, drawHeat, explain } from "./api.js";
import { untilBack } from "./connection.js";
import { byId } from "./dom.js";
import { nameOf } from "./styles.js";
import { percent } from "./words.js";

/** @typedef {import("./queue.js").Item} Item */

// Inferno between its 0.25 and 0.9, as `artstyle gradcam` draws heat.
const COLOURS = [
  [87, 16, 110], [119, 28, 109], [152, 39, 102], [185, 53, 86], [213, 74, 65],
  [235, 102, 40], [248, 135, 14], [252, 174, 18], [246, 215, 70],
];
const STRENGTH = "75";
// An unsure answer gets paler heat.
const UNSURE_STRENGTH = "45";
const PLACES = [
  ["at the top left", "at the top", "at the top right"],
  ["on the left", "in the middle", "on the right"],
  ["at the bottom left", "at the bottom", "at the bottom right"],
];

const stage = byId("stage", HTMLElement);
const veil = byId("veil", HTMLElement);
const canvas = byId("heat", HTMLCanvasElement);
const painting = byId("painting", HTMLImageElement);
const grey = byId("grey", HTMLImageElement);
const words = byId("heat-words", HTMLElement);
const sliders = byId("sliders", HTMLElement);
const opacity = byId("opacity", HTMLInputElement);
const wipe = byId("wipe", HTMLInputElement);

/** What is on the stage; answers for anything else come too late. */
let current = { url: "", style: "" };

export function listenToSliders() {
  for (const slider of [opacity, wipe]) slider.addEventListener("input", applySliders);
}

/** Put a picture on the stage, with the heat for a style. @param {Item} item @param {string} style */
export async function showHeat(item, style) {
  clearStage();
  const mine = (current = { url: URL.createObjectURL(item.file), style });
  opacity.value = item.row?.verdict === "sure" ? STRENGTH : UNSURE_STRENGTH;
  painting.alt = item.path;
  words.textContent = "Looking for what decided it.";
  applySliders();
  painting.src = grey.src = mine.url;
  const drawable = await painting.decode().then(() => true, () => false);
  if (mine === current) await askForHeat(item, mine, drawable);
}

export function clearStage() {
  URL.revokeObjectURL(current.url);
  current = { url: "", style: "" };
  painting.removeAttribute("src");
  grey.removeAttribute("src");
  veil.hidden = sliders.hidden = true;
  words.textContent = "";
}

/** @param {Item} item @param {typeof current} mine @param {boolean} drawable Whether this browser can show the file. */
async function askForHeat(item, mine, drawable) {
  try {
    if (drawable) {
      const heat = await explain(item.file, mine.style);
      if (mine !== current) return;
      drawMap(heat);
      if (heat.row.model !== item.row?.model) words.textContent += " Another model answers now; this heatmap is the new one's.";
    } else {
      const drawing = await drawHeat(item.file, mine.style);
      if (mine === current) showDrawing(drawing);
    }
  } catch (error) {
    if (mine !== current) return;
    if (error instanceof Refused) words.textContent = `No heatmap: ${error.message}.`;
    else if (error instanceof ServiceAway) {
      words.textContent = "The heatmap comes when the service is back.";
      await untilBack();
      if (mine === current) await askForHeat(item, mine, drawable);
    } else throw error;
  }
}

/** @param {import("./api.js").Heat} heat */
function drawMap({ map: map_HW, region: [left, top, right, bottom] }) {
  canvas.style.inset = [top, 1 - right, 1 - bottom, left].map((share) => percent(share, 3)).join(" ");
  canvas.style.width = percent(right - left, 3);
  canvas.style.height = percent(bottom - top, 3);
  canvas.height = map_HW.length;
  canvas.width = map_HW[0].length;
  const pixels = new Uint8ClampedArray(map_HW.flat().flatMap((heat) => [...colourOf(heat), 255 * heat]));
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, canvas.width), 0, 0);
  const place = hottestPlace(map_HW);
  canvas.ariaLabel = `Heatmap for ${nameOf(current.style)}: hottest ${place}`;
  words.textContent = place
    ? `The hotter a region, the more it spoke for ${nameOf(current.style)}. Hottest ${place}.`
    : `No region spoke for ${nameOf(current.style)}.`;
  veil.hidden = sliders.hidden = false;
}

/** @param {Blob} drawing */
function showDrawing(drawing) {
  URL.revokeObjectURL(current.url);
  current.url = URL.createObjectURL(drawing);
  painting.src = current.url;
  words.textContent = `This browser cannot show such files. The service drew the picture with the heat for ${nameOf(current.style)}.`;
}

function applySliders() {
  stage.style.setProperty("--opacity", String(Number(opacity.value) / 100));
  stage.style.setProperty("--wipe", `${wipe.value}%`);
  opacity.ariaValueText = `${opacity.value}%`;
  wipe.ariaValueText = `heat on the left ${wipe.value}%, the painting alone on the rest`;
}

/** @param {number} heat From 0 to 1. */
function colourOf(heat) {
  const place = heat * (COLOURS.length - 1);
  const low = Math.min(Math.floor(place), COLOURS.length - 2);
  return COLOURS[low].map((value, n) => value + (place - low) * (COLOURS[low + 1][n] - value));
}

/** Return where the hottest point is, in words; "" if all is cold. @param {number[][]} map_HW */
function hottestPlace(map_HW) {
  const peaks = map_HW.map((row) => Math.max(...row));
  const hottest = Math.max(...peaks);
  if (!(hottest > 0)) return "";
  const y = peaks.indexOf(hottest);
  const x = map_HW[y].indexOf(hottest);
  return PLACES[Math.floor((3 * y) / map_HW.length)][Math.floor((3 * x) / map_HW[y].length)];
}
