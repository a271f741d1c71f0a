// Cells changed in place: Enter or a click begins, Enter saves, Esc leaves. A refusal is told in the cell.

import { ajax } from "../ajax.js";
import { newKey } from "../keys.js";
import { say } from "../say.js";
import { fill, gettext } from "../words.js";
import { allRows, flash, renew, rowOf } from "./rows.js";

const cellIn = (td) => td.querySelector(".cell");
const fieldIn = (td) => td.querySelector(":scope > :is(input, select)");
const cellsOf = (row, kind) => row?.querySelector(`td[data-edits="${kind}"]`);

document.addEventListener("click", (event) => {
  const cell = event.target.closest("#rows td[data-edits] .cell");
  if (!cell || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  edit(cell.closest("td"), { byPointer: event.detail > 0 });
});

document.addEventListener("keydown", (event) => {
  const td = event.target.closest?.("#rows td[data-edits]");
  if (!td || event.isComposing) return;
  if (fieldIn(td)) return whileEditing(event, td);
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = neighbour(td, step);
  if (!next) return;
  event.preventDefault();
  cellIn(next).focus();
});

function whileEditing(event, td) {
  if (event.key === "Enter") {
    event.preventDefault();
    save(td, { focus: true });
  } else if (event.key === "Escape") {
    event.stopPropagation();
    leave(td);
    cellIn(td).focus();
  }
}

/** The same cell in the row above or below that can be changed. */
function neighbour(td, step) {
  const rows = allRows();
  for (let at = rows.indexOf(rowOf(td)) + step; rows[at]; at += step) {
    const cell = cellsOf(rows[at], td.dataset.edits);
    if (cell) return cell;
  }
  return null;
}

function edit(td, { value = td.dataset.value, byPointer = false } = {}) {
  if (fieldIn(td)) return;
  const field = document.getElementById(`edit-${td.dataset.edits}`).content.firstElementChild.cloneNode(true);
  const about = fill(gettext("%(field)s of %(name)s"), {
    field: field.getAttribute("aria-label"), name: rowOf(td).dataset.name,
  });
  field.setAttribute("aria-label", about);
  field.value = value;
  cellIn(td).hidden = true;
  td.classList.add("editing");
  td.dataset.explains = "yes";
  td.append(field);
  field.focus();
  if (field.type === "text") field.select();
  field.addEventListener("blur", () => setTimeout(() => td.isConnected && fieldIn(td) === field && save(td)));
  if (field.tagName === "SELECT" && byPointer) offer(field, td);
}

/** A click on the cell opens its choices at once, and a choice with the mouse is the answer. */
function offer(field, td) {
  try {
    field.showPicker();
  } catch {
    // the browser opens it with the next click
  }
  let byKeys = false;
  field.addEventListener("keydown", () => (byKeys = true));
  field.addEventListener("change", () => byKeys || save(td, { focus: true }));
}

function leave(td) {
  const field = fieldIn(td);
  td.classList.remove("editing", "saving");
  td.querySelector(".trouble")?.remove();
  cellIn(td).hidden = false;
  field?.remove();
}

async function save(td, { focus = false } = {}) {
  const field = fieldIn(td);
  const row = rowOf(td);
  const { edits, value: before } = td.dataset;
  const { value } = field;
  if (td.classList.contains("saving")) return;
  if (value === before) {
    leave(td);
    if (focus) cellIn(td).focus();
    return;
  }
  td.classList.add("saving");
  const values = { [field.name]: value, [`initial-${field.name}`]: before, version: row.dataset.version };
  values.request_id = newKey();
  const address = row.dataset.url + (edits === "stage" ? "stage/" : "facts/");
  const answer = await ajax("POST", address, { source: td, target: td, swap: "none", values });
  td.classList.remove("saving");
  if (answer.status === 200) return saved(row, edits);
  const words = whatWentWrong(answer);
  if (answer.status === 409) return changedMeanwhile(row, edits, value, words);
  complain(td, words);
}

async function saved(row, edits) {
  let going = null;
  const renewed = await renew(row, () => (going = goingOn(row, edits)));
  if (!renewed) return;
  flash(renewed);
  say(fill(gettext("%(name)s is saved."), { name: renewed.dataset.name }));
  if (going && cellsOf(renewed, going.kind)) edit(cellsOf(renewed, going.kind), going);
}

/** The other cell of the row that people have gone on to, while the first was being saved. */
function goingOn(row, savedKind) {
  const td = row.querySelector(`td.editing:not([data-edits="${savedKind}"])`);
  return td && { kind: td.dataset.edits, value: fieldIn(td).value };
}

/** The row as it is now, with what was typed still in the cell: Enter saves it all the same. */
async function changedMeanwhile(row, edits, value, words) {
  const td = cellsOf(await renew(row), edits);
  if (!td) return say(words, { loud: true });
  edit(td, { value });
  complain(td, words);
}

function complain(td, words) {
  td.querySelector(".trouble")?.remove();
  const field = fieldIn(td);
  const trouble = document.createElement("p");
  trouble.className = "trouble";
  trouble.id = `trouble-${rowOf(td).dataset.id}-${td.dataset.edits}`;
  trouble.setAttribute("role", "alert");
  trouble.textContent = words;
  td.append(trouble);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", trouble.id);
  field.focus();
}

function whatWentWrong({ status, events }) {
  if (events.refused) return events.refused.message;
  if (status === 0) return gettext("No answer from the server. It is not known whether that was saved; Enter tries again.");
  if (status === 403) return gettext("You can see this, but not change it.");
  if (status === 404) return gettext("This is not yours to see any more.");
  return gettext("The server could not do that. Try again.");
}
