// The pages at /ui of a server: sign in, start a report, watch it, and open it.

import { h, printable, type Child } from "./dom";
import { entity, entityList } from "./entities";
import { footer } from "./footer";
import { count, instant, number } from "./format";
import { navigation, skipLink } from "./frame";
import { forget, gathered, isMaking, latestReports } from "./gathered";
import { jobList, jobReport } from "./jobs";
import { about, changeSession, isProblem, messageOf, signOut, tellTabs, whenSessionEnds, whenTabsTell, whoAmI, type About } from "./live";
import type { View } from "./parts";
import { keepPlaces, place } from "./place";
import { openWhilePrinting } from "./printing";
import { link, parse } from "./route";
import { signInForm } from "./sign-in";
import { TABS, viewOf } from "./views";

/** What takes longer is said. */
const SAID_AFTER_MILLIS = 300;

const ENDED = "Your session has ended.";

const VIEWS = [...TABS, { view: "entities", label: "New report", also: ["entity"] }, { view: "reports", label: "Your reports", also: ["report"] }];

function page(title: string, ...content: Child[]): View {
  return { title, element: h("div", {}, h("h1", { tabindex: -1 }, title), content) };
}

/** Asks for the view of the address again. */
function showAgain(): void {
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The right without which there are no gathered reports. */
const GATHER = "GetAccountAuthorizationDetails";

/** A view of the gathered reports; null when there are none, or not on what the address names. */
async function gatheredView(about: About): Promise<View | null> {
  if (about.denied.has(GATHER)) return null;
  const route = parse(location.hash);
  const { reports: found, leftOut, denied } = await gathered();
  if (found === null) return null;
  const isOfOne = route.view === "identity" || route.view === "policy";
  if (isOfOne && found.row(route.of) === undefined) return null;
  const view = await viewOf(found, route);
  const refresh = (): void => {
    forget();
    showAgain();
  };
  const all = found.length + leftOut;
  const some = `${number(found.length)} of ${count(all, "identity or policy", "identities and policies")}`;
  const note = h(
    "p",
    { class: "gathered", role: "note" },
    `Made at ${instant(found.index.now)} on ${leftOut > 0 ? some : `all ${count(all, "identity or policy", "identities and policies")}`} that you may see, from what is imported now.`,
    leftOut > 0 && h("strong", {}, `${number(leftOut)} left out, as there was not enough time: the numbers are about the others. Those of your newest reports come first.`),
    denied > 0 && h("strong", {}, `You have no right to reports on ${number(denied)} more.`),
    h("button", { type: "button", onclick: refresh }, "Make again"),
    isOfOne && h("a", { href: link("entity", route.of) }, "Start a report"),
  );
  view.element.prepend(note);
  if (leftOut > 0 && !isOfOne) view.element.querySelector("h1")?.append(h("small", { class: "some" }, ` ${some}`));
  return view;
}

async function overviewOrList(about: About): Promise<View> {
  // Then the list says what is missing, once.
  if (about.denied.has(GATHER)) return entityList(about, about.denied.has("ListUsers") ? null : `There is no overview: you have no right to iam:${GATHER}.`);
  const view = await gatheredView(about);
  if (view !== null) return view;
  const { problem } = await gathered();
  return entityList(about, `There is no overview: ${problem ?? "there is nothing to report on."}`);
}

async function viewOfAddress(about: About): Promise<View> {
  const route = parse(location.hash);
  switch (route.view) {
    case "entities":
      return entityList(about, null);
    case "entity":
      return entity(about, route.of);
    case "report":
      return jobReport(route.of);
    case "reports":
      return about.denied.has("GetServiceLastAccessedDetails") ? page("Your reports", h("p", {}, "You have no right to read reports (iam:GetServiceLastAccessedDetails).")) : jobList();
    case "overview":
      return overviewOrList(about);
    case "identity":
    case "policy":
      return (await gatheredView(about)) ?? entity(about, route.of);
    case "identities":
    case "policies":
    case "services":
    case "service":
    case "coverage":
      return (await gatheredView(about)) ?? page("Nothing here", h("p", {}, await whyNothing(about), " ", h("a", { href: link("entities") }, "New report")));
    default:
      return page("No such page", h("p", {}, h("a", { href: link("entities") }, "Identities and policies")));
  }
}

async function whyNothing({ denied }: About): Promise<string> {
  if (denied.has(GATHER)) return `You have no right to see the account as a whole (iam:${GATHER}).`;
  return (await gathered()).problem ?? "There is nothing to report on.";
}

/** What is on the page while somebody is signed in. */
class Frame {
  readonly elements: HTMLElement[];
  private readonly main = h("main", { id: "main" });
  private readonly progress = h("p", { class: "progress", role: "status" });
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly foot = h("div");
  private about: About | undefined;
  private readonly tabs: Map<string, HTMLElement>;
  private current: View | undefined;
  private wanted = 0;

  /** `onChange` is told who is signed in instead of the owner of this frame. */
  constructor(readonly arn: string, private readonly onLeave: () => void, private readonly onChange: (arn: string | null) => void) {
    const { items, tabs } = navigation(VIEWS);
    this.tabs = tabs;
    const skip = skipLink(this.main);
    const header = h(
      "header",
      { class: "served" },
      h("div", { class: "brand" }, h("strong", {}, "Access Advisor"), h("span", { class: "as-of", title: arn }, arn)),
      h("nav", { "aria-label": "Views" }, h("ul", {}, items)),
      h("button", { type: "button", class: "sign-out", onclick: () => void this.leave() }, "Sign out"),
      this.problem,
    );
    this.elements = [skip, header, this.progress, this.main, this.foot];
  }

  /** Shows the view of the address. A later call ends this one. */
  async show(): Promise<void> {
    this.wanted += 1;
    const mine = this.wanted;
    const top = place();
    this.main.setAttribute("aria-busy", "true");
    for (const tab of this.tabs.values()) tab.removeAttribute("aria-current");
    const tab = this.tabs.get(parse(location.hash).view);
    tab?.setAttribute("aria-current", "page");
    // The first view may take half a minute.
    if (this.main.childElementCount === 0) this.main.append(h("h1", { tabindex: -1 }, tab?.textContent ?? ""));
    const said = setInterval(() => this.say(isMaking() ? "Making live reports on what the account has: up to half a minute ..." : "Loading ..."), SAID_AFTER_MILLIS);
    let view: View;
    try {
      // Most views ask the server for nothing more: they would stay readable after the end of the session.
      const arn = await whoAmI();
      if (mine !== this.wanted) return;
      if (arn !== this.arn) {
        this.onChange(arn);
        return;
      }
      this.about ??= await about();
      view = await viewOfAddress(this.about);
    } catch (error) {
      view = page("This page cannot be shown", h("p", { role: "alert" }, messageOf(error)), h("p", {}, h("button", { type: "button", class: "main-button", onclick: showAgain }, "Try again")));
    } finally {
      clearInterval(said);
    }
    if (mine !== this.wanted) {
      view.close?.();
      return;
    }
    this.say("");
    this.main.removeAttribute("aria-busy");
    this.current?.close?.();
    this.current = view;
    document.title = printable(`${view.title} – Access Advisor`);
    this.main.replaceChildren(view.element);
    if (this.about !== undefined) this.foot.replaceChildren(footer(this.about, latestReports()?.index.issues.count ?? null));
    this.main.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    view.shown?.();
    scrollTo({ top, behavior: "instant" });
  }

  /** Asks whether the session goes on. Without an answer, nothing changes: the next view says so. */
  async check(): Promise<void> {
    const mine = this.wanted;
    const arn = await whoAmI().catch(() => this.arn);
    if (mine === this.wanted && arn !== this.arn) this.onChange(arn);
  }

  /** What is on its way is not shown any more. */
  close(): void {
    this.wanted += 1;
    this.current?.close?.();
  }

  private say(text: string): void {
    // Written again, it might be read out again.
    if (this.progress.textContent !== text) this.progress.textContent = text;
  }

  private async leave(): Promise<void> {
    this.problem.textContent = "";
    try {
      await signOut();
    } catch (error) {
      if (!isProblem(error, "NotSignedIn")) {
        this.problem.textContent = printable(`You are still signed in. ${messageOf(error)}`);
        return;
      }
    }
    this.onLeave();
  }
}

async function start(): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) return;
  let frame: Frame | undefined;
  const askToSignIn = (note = ""): void => {
    // Whoever signs in next sees nothing that was made for, or is on its way to, the caller before.
    changeSession();
    forget();
    frame?.close();
    frame = undefined;
    document.title = "Sign in – Access Advisor";
    const entered = (arn: string): void => {
      tellTabs(arn);
      void signedIn(arn);
    };
    app.replaceChildren(signInForm(note, entered));
    app.querySelector("input")?.focus();
  };
  const leave = (): void => {
    tellTabs(null);
    askToSignIn();
  };
  const signedIn = async (arn: string): Promise<void> => {
    changeSession();
    forget();
    frame?.close();
    frame = new Frame(arn, leave, change);
    app.replaceChildren(...frame.elements);
    await frame.show();
  };
  const change = (arn: string | null): void => {
    if (arn === null) askToSignIn(ENDED);
    else void signedIn(arn);
  };
  whenSessionEnds(() => askToSignIn(ENDED));
  whenTabsTell((arn) => {
    if (arn !== null && arn !== frame?.arn) void signedIn(arn);
    if (arn === null && frame !== undefined) askToSignIn("You signed out in another tab.");
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void frame?.check();
  });
  keepPlaces();
  openWhilePrinting();
  addEventListener("hashchange", () => void frame?.show());
  const enter = async (): Promise<void> => {
    try {
      const caller = await whoAmI();
      if (caller === null) askToSignIn();
      else await signedIn(caller);
    } catch (error) {
      const again = h("button", { type: "button", class: "main-button", onclick: () => void enter() }, "Try again");
      app.replaceChildren(h("main", { id: "main" }, h("h1", {}, "The server does not answer"), h("p", { role: "alert" }, messageOf(error)), again));
    }
  };
  await enter();
  document.documentElement.dataset["ready"] = "true";
}

void start();
