// CSV that spreadsheets open without running anything: the rules of the command line's `--format csv`.

import { printable } from "./dom";

const FORMULA = /^\s*[=+\-@＝＋－＠]/;

export function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const inert = (FORMULA.test(value) ? "'" : "") + printable(value);
  return /[",\n\r]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

export function csv(rows: Iterable<(string | number)[]>): string {
  let text = "";
  for (const row of rows) text += `${row.map(cell).join(",")}\n`;
  return text;
}

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name.replaceAll(/[^\w.@+-]/g, "_");
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
