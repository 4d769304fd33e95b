// Builds src into built, which the crate embeds. With --check: fails if built is not what src builds.
import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const result = await build({
  entryPoints: { report: "src/main.ts", ui: "src/ui.ts", style: "src/report.css" },
  outdir: "built",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome110", "firefox113", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  write: false,
});

let stale = 0;
for (const { path: file, text } of result.outputFiles) {
  if (!process.argv.includes("--check")) {
    await writeFile(file, text);
  } else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
    console.error(`${file} is not what src builds: run cargo xtask web`);
    stale += 1;
  }
}
process.exitCode = stale === 0 ? 0 : 1;
