// What every page needs: the token that guards changes, the theme, words about requests that fail.

import { say, toast } from "./say.js";
import { gettext } from "./words.js";
import { ajax } from "./ajax.js";
import "./beside.js";
import "./dialogs.js";

const root = document.documentElement;

document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers["X-CSRFToken"] = document.body.dataset.csrf;
  detail.formData.delete("csrfmiddlewaretoken"); // the page's own may be newer than the form's
});

// Empty fields of a filter stay out of the address.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get" || detail.elt.tagName !== "FORM") return;
  for (const [name, value] of [...detail.formData.entries()]) if (!value) detail.formData.delete(name);
});

// A step on the board explains its own failures, in `board/commit.js`.
const explainsItself = (element) => element?.closest?.("[data-explains]");

document.addEventListener("refused", ({ detail, target }) => {
  if (explainsItself(target)) return;
  toast(detail.message, { bad: true });
  say(detail.message, { loud: true });
});

// A refusal is a sentence, not a part of the page.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const refused = detail.xhr.status >= 400 && isRefusal(detail.xhr);
  if (refused && !explainsItself(detail.requestConfig.elt)) detail.shouldSwap = false;
});

const isRefusal = (request) => request.getResponseHeader("HX-Trigger")?.includes('"refused"') ?? false;

document.addEventListener("htmx:responseError", ({ detail, target }) => {
  if (explainsItself(target) || isRefusal(detail.xhr) || detail.xhr.status === 401) return;
  const forbidden = detail.xhr.status === 403;
  if (forbidden) complain(gettext("You can see this, but not change it."));
  else complain(gettext("The server could not do that. Try again."));
});

for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ target, detail }) => {
    if (explainsItself(target)) return;
    if (detail.requestConfig?.verb === "get") complain(gettext("No answer from the server. Try again when you are online."));
    else complain(gettext("No answer from the server. It is not known whether that was saved; look before you try again."));
  });
}

document.addEventListener("card-changed", ({ detail }) => say(detail.say));

function complain(words) {
  toast(words, { bad: true });
  say(words, { loud: true });
}

// A thin line on top while something is on its way.
let underWay = 0;
const showProgress = (change) => {
  underWay = Math.max(0, underWay + change);
  document.getElementById("progress").classList.toggle("on", underWay > 0);
};
document.addEventListener("htmx:beforeRequest", () => showProgress(+1));
document.addEventListener("htmx:afterRequest", () => showProgress(-1));

document.addEventListener("click", ({ target }) => {
  const themed = target.closest("[data-theme-url]");
  if (themed) changeTheme(themed.dataset.themeUrl);
});

// What opens a dialog may be a link to a page with the same form, for those without scripts.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (!dialog || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  dialog.showModal();
});

function changeTheme(url) {
  const theme = getComputedStyle(root).colorScheme === "dark" ? "light" : "dark";
  root.dataset.theme = theme;
  dispatchEvent(new Event("themechange"));
  ajax("POST", url, { source: root, swap: "none", values: { theme } });
}

// The day to contact again follows the reason, until somebody chooses a day.
document.addEventListener("change", ({ target }) => {
  const form = target.form;
  const day = form?.elements.namedItem("contact_again_on");
  if (!day) return;
  if (target === day) day.dataset.chosen = "yes";
  else if (target.dataset.day && !day.dataset.chosen) day.value = target.dataset.day;
});
