// The browser of the tests and of the bench.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

/** The browser's program: CHROMIUM names it, or it is `chromium` of the search path. */
function program() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const found = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "chromium")).find(existsSync);
  if (found === undefined) throw new Error("There is no chromium on the search path. Install Debian's package, or set CHROMIUM to a browser's program.");
  return found;
}

/** Starts the browser without a window. Root has no sandbox. */
export function launch(...args) {
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: program(), args: [...sandbox, "--disable-gpu", "--disable-dev-shm-usage", ...args], headless: true });
}
