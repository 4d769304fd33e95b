// Elements are made with text nodes only: nothing of the data is ever parsed as HTML.

export type Child = Node | string | number | null | undefined | false | Child[];

type Attributes = Record<string, string | number | boolean | null | undefined | EventListener>;

/** Attributes that people see or hear. */
const SHOWN = new Set(["title", "aria-label", "placeholder"]);

function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : SHOWN.has(name) ? printable(String(value)) : String(value));
  }
}

function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.append(child);
    else if (typeof child === "string" || typeof child === "number") element.append(printable(String(child)));
  }
}

/** An element; attributes whose name begins with `on` are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  append(element, children);
  return element;
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  append(element, children);
  return element;
}

// Control and format characters (such as bidirectional controls), separators other than the usual space, private-use and
// unassigned characters, and letters without a shape.
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/gu;
const ESCAPES: Record<string, string> = { "\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A text in one line, in which characters that do not print are escaped: the library's `Printable`. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (it) => ESCAPES[it] ?? `\\u{${it.codePointAt(0)?.toString(16)}}`);
}

/** A value as JSON in lines, in which characters that do not print are escaped as JSON has it: it is still the same value. */
export function printableJson(value: unknown): string {
  const unit = (text: string, at: number): string => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, 2).replace(HIDDEN, (it) => (it === "\n" ? it : Array.from({ length: it.length }, (_, at) => unit(it, at)).join("")));
}
