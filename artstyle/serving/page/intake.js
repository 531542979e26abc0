// How pictures come in: chosen, dropped, pasted, whole folders, examples.

import { byId, counted } from "./dom.js";

/** @typedef {{path: string, file: File}} Incoming */

/** What `artstyle predict` takes for a picture inside a folder. */
const ENDINGS = /\.(jpe?g|jpe|jfif|pjpeg|mpo|png|webp|tiff?|gif|bmp|jp2|j2k|jpf|jpx|avif|heic|heif)$/i;

/** @param {(files: Incoming[]) => void} take Called with what the user adds. */
export function listenForPictures(take) {
  /** @param {Incoming[]} files @param {boolean} folder */
  const sort = (files, folder) => {
    const pictures = folder ? files.filter(({ path }) => ENDINGS.test(path) && !/(^|\/)[.~]/.test(path)) : files;
    const others = files.length - pictures.length;
    byId("left-out", HTMLElement).textContent = others ? `${counted(others, "file")} passed over: not a picture by name.` : "";
    take(folder ? pictures.sort((a, b) => (a.path < b.path ? -1 : 1)) : pictures);
  };
  listenToChoosers(sort);
  listenToDrops(sort);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].map((file) => ({ path: file.name, file }));
    if (files.length) sort(files, false);
  });
  for (const button of document.querySelectorAll("[data-example]"))
    button.addEventListener("click", async () => {
      const path = button.getAttribute("data-example") ?? "";
      const picture = await fetch(new URL(`examples/${path}`, import.meta.url)).catch(() => null);
      if (picture?.ok) sort([{ path, file: new File([await picture.blob()], path) }], false);
      else byId("left-out", HTMLElement).textContent = "The example cannot be fetched while the service is away.";
    });
}

/** @param {(files: Incoming[], folder: boolean) => void} sort */
function listenToChoosers(sort) {
  for (const [button, name] of [["choose-pictures", "pictures"], ["choose-folder", "folder"]]) {
    const input = byId(name, HTMLInputElement);
    byId(button, HTMLButtonElement).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
      input.value = "";
      if (files.length) sort(files, name === "folder");
    });
  }
}

/** @param {(files: Incoming[], folder: boolean) => void} sort */
function listenToDrops(sort) {
  const zone = byId("drop", HTMLElement);
  // The whole page takes them: a near miss would make the browser leave the page and lose the list.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    // All are asked for at once: they are gone after the first wait.
    const items = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
    const files = await Promise.all(entries.map(filesOf));
    const folder = entries.some((entry) => entry !== null && "isDirectory" in entry && entry.isDirectory);
    if (files.length) sort(files.flat(), folder);
  });
}

/** @param {FileSystemEntry | File | null} entry @returns {Promise<Incoming[]>} */
async function filesOf(entry) {
  if (!entry) return [];
  if (entry instanceof File) return [{ path: entry.name, file: entry }];
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const one = /** @type {FileSystemFileEntry} */ (entry);
    return [{ path, file: await new Promise((resolve, reject) => one.file(resolve, reject)) }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {Incoming[]} */
  const files = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return files;
    files.push(...(await Promise.all(some.map(filesOf))).flat());
  }
}
