// New cards: the dialog behind New and behind the plus of each column.

import { say, toast } from "../say.js";
import { flash, settle } from "./arrivals.js";
import { setActive } from "./focus.js";

const dialog = () => document.getElementById("new");

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-adds]");
  if (!link || event.metaKey || event.ctrlKey || !dialog()) return;
  event.preventDefault();
  await htmx.ajax("GET", link.getAttribute("href"), { source: dialog(), target: "#new", swap: "innerHTML" });
  if (!dialog().querySelector("form")) return;
  dialog().showModal();
  dialog().querySelector("input:not([type=hidden])")?.focus();
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("#new form[data-new]");
  if (!form) return;
  event.preventDefault();
  add(form);
});

async function add(form) {
  let request = null;
  form.addEventListener("htmx:afterRequest", ({ detail }) => (request = detail.xhr));
  const answered = htmx.ajax("POST", form.getAttribute("action"), { source: form, target: "#new", swap: "innerHTML" });
  await answered.catch(() => {});
  if (request?.status !== 200) return dialog().querySelector('[aria-invalid="true"], .errorlist')?.focus?.();
  const { "card-moved": happening } = JSON.parse(request.getResponseHeader("HX-Trigger"));
  const card = settle(happening.id);
  dialog().close();
  dialog().replaceChildren();
  if (card) setActive(card, { focus: true });
  flash(card);
  toast(happening.say, { kind: "move" });
  say(happening.say);
}
