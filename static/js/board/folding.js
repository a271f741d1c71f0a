// Columns that are not needed now are folded to a narrow strip; this browser remembers which, board by board.

import { say } from "../say.js";
import { fill, gettext } from "../words.js";
import { board, columnOfStage, columns, nameOfColumn } from "./cards.js";

const KEY = `folded ${location.pathname}`;

export const isFolded = (column) => column.classList.contains("folded");

export function fold(column, yes) {
  column.classList.toggle("folded", yes);
  localStorage.setItem(KEY, columns().filter(isFolded).map((one) => one.dataset.stage).join());
  label(column);
  const words = yes ? gettext("%(stage)s is folded.") : gettext("%(stage)s is unfolded.");
  say(fill(words, { stage: nameOfColumn(column) }));
}

/** Heads come anew with every answer, and columns with every filter. */
export function showFolds() {
  for (const stage of (localStorage.getItem(KEY) ?? "").split(",")) columnOfStage(stage)?.classList.add("folded");
  columns().forEach(label);
}

function label(column) {
  const button = column.querySelector("[data-folds]");
  if (!button) return;
  const words = isFolded(column) ? gettext("Unfold %(stage)s") : gettext("Fold %(stage)s");
  button.setAttribute("aria-expanded", !isFolded(column));
  button.setAttribute("aria-label", fill(words, { stage: nameOfColumn(column) }));
}

document.addEventListener("click", ({ target }) => {
  const column = target.closest?.("#board .col");
  if (!column || !(target.closest("[data-folds]") || isFolded(column))) return;
  fold(column, !isFolded(column));
});

document.addEventListener("htmx:afterSettle", () => board() && showFolds());
showFolds();
