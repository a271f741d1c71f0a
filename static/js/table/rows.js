// A row as the server shows it now.

import { ajax } from "../ajax.js";

export const rowById = (id) => document.getElementById(`row-${id}`);
export const rowOf = (element) => element.closest("tr[data-id]");
export const allRows = () => [...document.querySelectorAll("#rows tbody tr[data-id]")];
export const boxOf = (row) => row.querySelector("input[name=card]");

/** Where the keyboard is in the row: the cell's kind, "" elsewhere in it, null outside. */
const focusIn = (row) =>
  row.contains(document.activeElement) ? (document.activeElement.closest("td")?.dataset.edits ?? "") : null;

/**
 * Ask for the row anew, with the sums; resolves with it, or with null when it is not to be seen any more. The keyboard
 * stays where it is in the row. `before` is called when the new row is about to take the old one's place.
 */
export async function renew(row, before = () => {}) {
  const { id, url } = row.dataset;
  let focus = null;
  row.addEventListener("htmx:beforeSwap", () => ((focus = focusIn(row)), before()), { once: true });
  const wasChosen = boxOf(row).checked;
  const source = document.createElement("div"); // outlives the row
  source.dataset.explains = "yes";
  document.body.append(source);
  const { status } = await ajax("GET", `${url}row/`, { source, target: row, swap: "outerHTML" });
  source.remove();
  if (status === 404) row.remove();
  const renewed = rowById(id);
  if (renewed && wasChosen) {
    boxOf(renewed).checked = true;
    renewed.classList.add("selected");
  }
  if (renewed && focus !== null) focusOn(renewed, focus);
  return renewed;
}

function focusOn(row, kind) {
  (row.querySelector(`td[data-edits="${kind}"] .cell`) ?? row.querySelector(".name a")).focus();
}

export function flash(row) {
  row.classList.add("flash");
  setTimeout(() => row.classList.remove("flash"), 1700);
}
