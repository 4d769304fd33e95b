// Runs `access-advisor serve --ui` over the test account, and uses its pages.
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROGRAM, ROOT } from "./harness.mjs";

const run = promisify(execFile);

const CREDENTIALS = `
[[credential]]
access_key_id = "AKIAADA"
secret_access_key = "ada-secret"
arn = "arn:aws:iam::111122223333:user/ada"

[[credential]]
access_key_id = "AKIAADMIN"
secret_access_key = "admin-secret"
arn = "arn:aws:iam::111122223333:root"

[[credential]]
access_key_id = "AKIAERIN"
secret_access_key = "erin-secret"
arn = "arn:aws:iam::111122223333:user/erin"
`;

export const ADA_KEY = ["AKIAADA", "ada-secret"];
/** May do everything, as ada may. */
export const ROOT_KEY = ["AKIAADMIN", "admin-secret"];
/** May list nothing. */
export const ERIN_KEY = ["AKIAERIN", "erin-secret"];

export class Server {
  /** Starts a server in the folder of `place`, whose pages are at `url`. */
  static async start(place, ...options) {
    const server = new Server();
    const store = join(place.folder, `store-${Math.random()}.db`);
    await run(PROGRAM, ["import", "account", "--store", store, join(ROOT, "testdata/account.json")]);
    await run(PROGRAM, ["import", "trail", "--store", store, join(ROOT, "testdata/trail")]).catch((error) => {
      // 3: something of the trail cannot be read.
      if (error.code !== 3) throw error;
    });
    const credentials = await place.write("credentials.toml", CREDENTIALS);
    const all = ["--listen", "127.0.0.1:0", "--credentials", credentials, "--enforce-permissions", "--ui", ...options];
    server.process = spawn(PROGRAM, ["serve", "--store", store, ...all]);
    server.url = await new Promise((done, failed) => {
      let said = "";
      server.process.stderr.on("data", (chunk) => {
        said += chunk;
        const found = said.match(/web pages at (\S+)/);
        if (found) done(found[1]);
      });
      server.process.on("exit", () => failed(new Error(said)));
    });
    return server;
  }

  stop() {
    this.process.kill();
  }
}

export async function signIn(page, [id, secret]) {
  await page.getByLabel("Access key ID").fill(id);
  await page.getByLabel("Secret access key").fill(secret);
  await page.keyboard.press("Enter");
}

/** Signs in, and waits for the first view. */
export async function enter(page, key) {
  await signIn(page, key);
  await page.locator("header ~ main:not([aria-busy]) h1").waitFor({ timeout: 60_000 });
}

let reports;

/** Answers all requests for gathered reports, which take the server seconds, with the first answer: on the pages of one window. */
export async function reuseReports(page) {
  await page.context().route("**/ui/reports", async (route) => {
    reports ??= await route.fetch({ timeout: 60_000 }).then((response) => (response.ok() ? response.json() : undefined));
    if (reports === undefined) await route.continue();
    // The page may not wait for it any more.
    else await route.fulfill({ json: reports }).catch(() => undefined);
  });
}

/** Runs an operation as the pages do. */
export function call(page, body) {
  return page.evaluate(async (body) => {
    const headers = { "content-type": "application/json" };
    return (await fetch("/ui/api", { method: "POST", headers, body: JSON.stringify(body) })).json();
  }, body);
}

/** Makes a report, without its page. Returns the id of its job. */
export async function makeReport(page, arn, granularity = "ACTION_LEVEL") {
  const { JobId } = await call(page, { Action: "GenerateServiceLastAccessedDetails", Arn: arn, Granularity: granularity });
  for (;;) {
    const job = await call(page, { Action: "GetServiceLastAccessedDetails", JobId, MaxItems: "1" });
    if (job.JobStatus === "COMPLETED") return JobId;
    if (job.JobStatus !== "IN_PROGRESS") throw new Error(JSON.stringify(job));
  }
}

/** Goes to a view, and waits until it is there. */
export async function visit(page, hash, shown) {
  await page.evaluate((hash) => (location.hash = hash), hash);
  await page.locator(`header ~ main:not([aria-busy]) ${shown}`).first().waitFor({ timeout: 60_000 });
}
