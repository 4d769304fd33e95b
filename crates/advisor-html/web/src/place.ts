// Where the reader is on a page. It is kept in the entry of the browser's history, so that Back leads to the same place.

/** How long after scrolling the place is noted: browsers allow few changes of the history. */
const NOTED_AFTER = 250;

let timer: number | undefined;

function state(): Record<string, unknown> {
  return (history.state ?? {}) as Record<string, unknown>;
}

/** Keeps something with the entry of the history. */
export function keep(key: string, value: unknown): void {
  history.replaceState({ ...state(), [key]: value }, "");
}

/** What was kept with it. */
export function kept(key: string): unknown {
  return state()[key];
}

function note(): void {
  clearTimeout(timer);
  timer = undefined;
  if (scrollY !== kept("top")) keep("top", scrollY);
}

/** Notes where the reader is, from now on. */
export function keepPlaces(): void {
  history.scrollRestoration = "manual";
  addEventListener("scroll", () => (timer ??= window.setTimeout(note, NOTED_AFTER)), { passive: true });
  // A link leads away at once.
  addEventListener("click", note, { capture: true });
}

/** Where the reader was when the page that is now in the address was left; the top of a page that is new. */
export function place(): number {
  clearTimeout(timer);
  timer = undefined;
  const top = kept("top");
  return typeof top === "number" ? top : 0;
}
