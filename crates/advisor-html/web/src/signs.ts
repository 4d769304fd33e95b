// Small drawings beside words. They are not characters: a font may lack those, and then nothing is shown.

import { svg } from "./dom";

export type Sign = "dot" | "half" | "ring" | "dash" | "question" | "diamond" | "triangle";

const SHAPES: Record<Sign, Record<string, string>> = {
  dot: { d: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10z" },
  half: { d: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10zM6 2.5a3.5 3.5 0 0 1 0 7z", "fill-rule": "evenodd" },
  ring: { d: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10zM6 2.6a3.4 3.4 0 1 1 0 6.8a3.4 3.4 0 1 1 0-6.8z", "fill-rule": "evenodd" },
  dash: { d: "M1.5 5.1h9v1.8h-9z" },
  question: { d: "M3 4.2C3 2 4.4 1 6.1 1C7.9 1 9.2 2.1 9.2 3.8C9.2 6 6.9 6.1 6.9 7.9H5.2C5.2 5.5 7.4 5.3 7.4 3.9C7.4 3.1 6.9 2.6 6.1 2.6C5.2 2.6 4.7 3.2 4.7 4.2zM5.1 9.2H7V11H5.1z" },
  diamond: { d: "M6 0.5L11.5 6L6 11.5L0.5 6z" },
  triangle: { d: "M6 1L11.5 11H0.5z" },
};

export function sign(name: Sign): SVGElement {
  return svg("svg", { viewBox: "0 0 12 12", class: "sign", "aria-hidden": "true" }, svg("path", SHAPES[name]));
}
