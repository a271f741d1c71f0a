// Rows are chosen one by one, a range with Shift, or all of the page.

import { countChosen, serveBulk } from "../bulk.js";
import { allRows, boxOf, rowOf } from "./rows.js";

let last = null; // the row that was chosen last

const chosen = () => allRows().filter((row) => boxOf(row).checked);

serveBulk({
  cards: () => chosen().map((row) => boxOf(row).value),
  choose(ids) {
    for (const row of allRows()) boxOf(row).checked = ids.includes(row.dataset.id);
    show();
  },
  target: "#rows",
});

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("#rows tbody input[name=card]");
  if (!box) return;
  const row = rowOf(box);
  if (event.shiftKey && last?.isConnected) between(last, row).forEach((other) => (boxOf(other).checked = box.checked));
  last = row;
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("#rows [data-all]")) allRows().forEach((row) => (boxOf(row).checked = target.checked));
  if (target.closest("#rows .chooses")) show();
});

// A part of the page that came anew has nothing chosen.
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "rows" && show());

function between(one, other) {
  const rows = allRows();
  const [from, to] = [rows.indexOf(one), rows.indexOf(other)].sort((a, b) => a - b);
  return rows.slice(from, to + 1);
}

function show() {
  const rows = allRows();
  const count = chosen().length;
  rows.forEach((row) => row.classList.toggle("selected", boxOf(row).checked));
  const all = document.querySelector("#rows [data-all]");
  if (all) {
    all.checked = count > 0 && count === rows.length;
    all.indeterminate = count > 0 && count < rows.length;
  }
  countChosen();
}
