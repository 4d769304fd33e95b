// Unpacks the Chromium that npm installed, once, with the libraries and fonts that a bare Debian lacks. Run it alone before tests that
// run at the same time.
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../node_modules/.chromium", import.meta.url));
const WHOLE = `${FOLDER}/whole`;

async function unpacked() {
  if (!existsSync(WHOLE)) await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  // The package unpacks into the folder for temporary files, and its libraries only where it takes the machine for AWS Lambda.
  const { TMPDIR, AWS_EXECUTION_ENV } = process.env;
  Object.assign(process.env, { TMPDIR: FOLDER, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" });
  try {
    const { default: packed } = await import("@sparticuz/chromium");
    const program = await packed.executablePath();
    await writeFile(WHOLE, "");
    return program;
  } finally {
    for (const [name, value] of Object.entries({ TMPDIR, AWS_EXECUTION_ENV })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** The browser's program: CHROMIUM names another one than that of package-lock.json. */
export const executablePath = process.env.CHROMIUM ?? (await unpacked());
