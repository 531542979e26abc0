// Write the page for a server of files: minified, in a folder whose name changes with its content.
//   node build.mjs artstyle/serving/page site

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const MINIFIED = /\.(js|css|html)$/;
const [page, site] = process.argv.slice(2);

await rm(site, { recursive: true, force: true });
const folder = join(site, "page");
await mkdir(folder, { recursive: true });
await build({
  entryPoints: [join(page, "main.js"), join(page, "page.css")],
  outdir: folder,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
});
for (const name of await readdir(page))
  if (!MINIFIED.test(name)) await cp(join(page, name), join(folder, name), { recursive: true });

const named = `page-${await fingerprint(folder)}`;
await rename(folder, join(site, named));
const index = await readFile(join(page, "index.html"), "utf8");
const renamed = index.replaceAll(/(href|src)="page\//g, `$1="${named}/`);
await writeFile(join(site, "index.html"), renamed);
await requireAllNamed();

/** Return what changes with any file's name or content. @param {string} root */
async function fingerprint(root) {
  const hash = createHash("sha256");
  for (const path of await filesIn(root)) hash.update(path).update("\0").update(await readFile(join(root, path)));
  return hash.digest("hex").slice(0, 12);
}

/** @param {string} root @returns {Promise<string[]>} */
async function filesIn(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
}

/** Fail if a file is named that is not there, or still by its former folder. */
async function requireAllNamed() {
  const files = new Set(await filesIn(site));
  const links = [...renamed.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link);
  const missing = links.filter((link) => !files.has(link));
  const texts = [...files].filter((path) => MINIFIED.test(path));
  for (const path of texts)
    if (/["'`(]page\//.test(await readFile(join(site, path), "utf8"))) missing.push(`page/ in ${path}`);
  if (missing.length) throw new Error(`the page names what is not there: ${missing.join(", ")}`);
}
