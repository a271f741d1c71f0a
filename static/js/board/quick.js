// Quick add: a small form at the top of a column that stays open for the next one.

import { ajax } from "../ajax.js";
import { newKey } from "../keys.js";
import { say } from "../say.js";
import { flash, settle } from "./arrivals.js";
import { listOf } from "./cards.js";
import { fold, isFolded } from "./folding.js";

const dialog = () => document.getElementById("new");

/** Open the column's form, or go to it where it is open already. */
export function openQuickAdd(column) {
  if (isFolded(column)) fold(column, false);
  const form = column.querySelector("form.quickadd") ?? put(column);
  form.querySelector("input:not([type=hidden])").focus();
}

function put(column) {
  document.querySelectorAll("form.quickadd").forEach((other) => other.remove());
  const form = document.getElementById("quickadd").content.firstElementChild.cloneNode(true);
  const stage = form.elements.namedItem("stage");
  if (stage) stage.value = column.dataset.stage;
  listOf(column).before(form);
  form.addEventListener("submit", (event) => (event.preventDefault(), add(form)));
  form.addEventListener("keydown", (event) => event.key === "Escape" && (event.preventDefault(), close(form)));
  form.addEventListener("click", ({ target }) => {
    if (target.closest("[data-closes]")) close(form);
    if (target.closest("[data-further]")) showAllFields(form);
  });
  return form;
}

function close(form) {
  const column = form.closest(".col");
  form.remove();
  column.querySelector("[data-adds]")?.focus();
}

async function add(form) {
  if (form.classList.contains("saving")) return;
  form.classList.add("saving");
  form.elements.namedItem("request_id").value ||= newKey();
  const here = { source: form, target: "#new", swap: "innerHTML" };
  const { status, events } = await ajax("POST", form.getAttribute("action"), here);
  form.classList.remove("saving");
  if (status === 422) return showDialog(form); // with what was typed, and what is wrong, missing or known
  const happening = events["card-moved"];
  if (!happening) return;
  flash(settle(happening.id));
  dialog().replaceChildren();
  say(happening.say);
  form.reset();
  form.elements.namedItem("request_id").value = "";
  form.querySelector("input:not([type=hidden])").focus();
}

/** The whole form, beginning with what has been typed already. */
async function showAllFields(form) {
  const typed = new URLSearchParams(new FormData(form));
  const url = `${form.getAttribute("action")}?${typed}`;
  await ajax("GET", url, { source: dialog(), target: "#new", swap: "innerHTML" });
  showDialog(form);
}

function showDialog(form) {
  if (!dialog().querySelector("form")) return;
  form.remove();
  dialog().showModal();
  const first = ["#perhaps-title", '[aria-invalid="true"]', "input:not([type=hidden])"];
  first.map((what) => dialog().querySelector(what)).find(Boolean)?.focus();
}
