// Bundles what the pages load into the package, so that nobody who installs it needs Node.
// Each file begins with a digest of what it was made from; a test compares it.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const out = "../bridge/web/static";
const sources = readdirSync("src").sort().map((name) => `src/${name}`);
const digest = createHash("sha256");
for (const file of [...sources, "package-lock.json"]) digest.update(readFileSync(file));
const stamp = `/* made from ${digest.digest("hex").slice(0, 16)} by frontend/build.mjs */`;

for (const [entry, name] of [
  ["src/page.js", "page.js"],
  ["src/charts.js", "charts.js"],
  ["src/editor.js", "editor.js"],
  ["src/page.css", "page.css"],
]) {
  const made = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "none",
    write: false,
  });
  writeFileSync(`${out}/${name}`, `${stamp}\n${made.outputFiles[0].text}`);
}
