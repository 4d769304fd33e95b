// The form to sign in at /ui.

import { h, printable } from "./dom";
import { messageOf, signIn, type Credential } from "./live";

/** `note` says why it is there, if not because someone came to the page. */
export function signInForm(note: string, done: (arn: string) => void): HTMLElement {
  const field = (label: string, name: keyof Credential, type: string, isRequired: boolean): HTMLElement =>
    h("label", {}, label, h("input", { name, type, required: isRequired, autocomplete: type === "password" ? "current-password" : "username", spellcheck: "false" }));
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const values = new FormData(form);
    const text = (name: keyof Credential): string => String(values.get(name) ?? "").trim();
    const token = text("SessionToken");
    problem.textContent = "";
    try {
      done(await signIn({ AccessKeyId: text("AccessKeyId"), SecretAccessKey: text("SecretAccessKey"), ...(token === "" ? {} : { SessionToken: token }) }));
    } catch (error) {
      problem.textContent = printable(messageOf(error));
    }
  };
  const form = h(
    "form",
    {
      class: "sign-in card",
      onsubmit: (event) => {
        event.preventDefault();
        void submit(form);
      },
    },
    h("h1", { tabindex: -1 }, "Sign in"),
    note !== "" && h("p", { class: "note", role: "status" }, note),
    h("p", {}, "With an access key of the server's credentials file."),
    field("Access key ID", "AccessKeyId", "text", true),
    field("Secret access key", "SecretAccessKey", "password", true),
    field("Session token, if the key has one", "SessionToken", "password", false),
    problem,
    h("button", { type: "submit", class: "main-button" }, "Sign in"),
  );
  return h("main", { id: "main" }, form);
}
