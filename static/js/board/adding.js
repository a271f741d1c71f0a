// New cards: the dialog behind New, and the quick form behind the plus of each column.

import { ajax } from "../ajax.js";
import { say, toast } from "../say.js";
import { flash, settle } from "./arrivals.js";
import { setActive } from "./focus.js";
import { openQuickAdd } from "./quick.js";

const dialog = () => document.getElementById("new");

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-adds]");
  if (!link || event.metaKey || event.ctrlKey || !dialog()) return;
  event.preventDefault();
  const column = link.closest(".col");
  if (column) return openQuickAdd(column);
  await ajax("GET", link.getAttribute("href"), { source: dialog(), target: "#new", swap: "innerHTML" });
  if (!dialog().querySelector("form")) return;
  dialog().showModal();
  dialog().querySelector("input:not([type=hidden])")?.focus();
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("#new form[data-new]");
  if (!form) return;
  event.preventDefault();
  add(form, event.submitter);
});

async function add(form, button) {
  const values = button?.name ? { [button.name]: button.value } : {};
  const here = { source: form, target: "#new", swap: "innerHTML", values };
  const { status, events } = await ajax("POST", form.getAttribute("action"), here);
  if (status !== 200) return dialog().querySelector('#perhaps-title, [aria-invalid="true"], .errorlist')?.focus?.();
  const happening = events["card-moved"];
  const card = settle(happening.id);
  dialog().close();
  dialog().replaceChildren();
  if (card) setActive(card, { focus: true });
  flash(card);
  toast(happening.say, { kind: "move" });
  say(happening.say);
}
