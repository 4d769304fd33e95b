// Where the reader is, in the fragment of the address: `#/identities?q=admin&kind=role`. Every view can be linked to.

export interface Route {
  view: string;
  /** What the view is about, such as an ARN. */
  of: string;
  query: URLSearchParams;
}

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...of] = path.split("/");
  let subject = of.join("/");
  try {
    subject = decodeURIComponent(subject);
  } catch {
    // An address that was typed wrong: it leads to nothing that is known.
  }
  return { view: view || "overview", of: subject, query: new URLSearchParams(query) };
}

export function link(view: string, of = "", query: Record<string, string> = {}): string {
  const parameters = new URLSearchParams(query).toString();
  return `#/${view}${of ? `/${encodeURIComponent(of)}` : ""}${parameters ? `?${parameters}` : ""}`;
}

/** Changes the query without a new entry in the history. */
export function replaceQuery(query: URLSearchParams): void {
  const { view, of } = parse(location.hash);
  history.replaceState(history.state, "", link(view, of, Object.fromEntries(query)));
}
