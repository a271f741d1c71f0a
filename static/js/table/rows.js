// A row as the server shows it now.

import { ajax } from "../ajax.js";

export const rowById = (id) => document.getElementById(`row-${id}`);
export const rowOf = (element) => element.closest("tr[data-id]");
export const allRows = () => [...document.querySelectorAll("#rows tbody tr[data-id]")];
export const boxOf = (row) => row.querySelector("input[name=card]");

/** Ask for the row anew, with the sums; resolves with it, or with null when it is not to be seen any more. */
export async function renew(row) {
  const { id, url } = row.dataset;
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
  return renewed;
}

export function flash(row) {
  row.classList.add("flash");
  setTimeout(() => row.classList.remove("flash"), 1700);
}
