// Several cards at once: the bar that acts on what is chosen, on the board and in the table, and how it went.

import { ajax } from "./ajax.js";
import { placeBeside } from "./beside.js";
import { ask } from "./dialogs.js";
import { newKey } from "./keys.js";
import { say, toast } from "./say.js";
import { fill, gettext, ngettext } from "./words.js";

const bar = () => document.getElementById("bulkbar");
const ownerMenu = () => document.getElementById("ownermenu");
let page = null;
let giveTo = null; // what is done with the person that is chosen from the menu

/**
 * The page tells which cards are chosen, as ["12:3", …] with id and version; how to choose others: `choose(ids)`; the
 * part that the answer renews: `target`; and, where it can undo by key, `remember(step)`.
 */
export function serveBulk(served) {
  page = served;
  countChosen();
}

export function countChosen() {
  if (!page || !bar()) return;
  const n = page.cards().length;
  const count = bar().querySelector("[data-count]");
  bar().hidden = !n;
  if (count.textContent !== String(n)) count.textContent = n; // whoever watches the page hears of changes only
}

/** Open the menu of people beside the element; `then` hears whom was chosen. */
export function choosePerson(beside, then) {
  giveTo = then;
  ownerMenu().showPopover();
  placeBeside(ownerMenu(), beside);
  ownerMenu().querySelector('[role="menuitem"]')?.focus();
}

/** Kind, date and words of a next step, or null. `about` is the card it is for, if it is for one. */
export const askPlan = (about) => ask("plan", about ?? chosenInWords());

document.addEventListener("click", ({ target }) => {
  const person = target.closest("#ownermenu [data-owner]");
  if (person) {
    ownerMenu().hidePopover();
    return giveTo(person.dataset.owner);
  }
  const button = target.closest("[data-bulk]");
  if (button) act(button);
});

async function act(button) {
  const action = button.dataset.bulk;
  if (action === "clear") return page.choose([]);
  if (action === "owner") return choosePerson(button, (owner) => send({ action, owner }));
  if (action === "move") {
    document.getElementById("bulkmove").hidePopover();
    return send({ action, to: button.dataset.to });
  }
  const fields = action === "plan" ? await askPlan() : await ask(button.dataset.asks, chosenInWords());
  if (fields) send({ ...fields, action });
}

function chosenInWords() {
  const n = page.cards().length;
  return fill(ngettext("%(n)s selected card", "%(n)s selected cards", n), { n });
}

function send(fields) {
  const form = new FormData();
  for (const card of page.cards()) form.append("card", card);
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return post(bar().dataset.url, form);
}

/** Post to the address; the part of the page that shows the cards comes back, and word of what was done. */
async function post(url, form) {
  form.set("request_id", form.get("request_id") ?? newKey());
  const target = document.querySelector(page.target);
  const source = target;
  const { status, events } = await ajax("POST", url, { source, target, swap: "outerHTML", values: form });
  const done = events["bulk-done"];
  if (done) return tell(done);
  if (status === 0 || status >= 500) offerAgain(url, form);
}

function offerAgain(url, form) {
  const words = gettext("No answer from the server. It is not known whether it was done; trying again does it once.");
  toast(words, { bad: true, kind: "bulk", action: gettext("Try again"), run: () => post(url, form) });
}

function tell(done) {
  page.choose(done.left.map(String));
  say(done.say, { loud: done.done === 0 });
  const undo = done.undo && { takeBack: () => post(done.undo, new FormData()) };
  if (undo) page.remember?.(undo);
  const run = () => (page.undo ? page.undo(undo) : undo.takeBack());
  if (done.failed.length) showFailures(done);
  if (done.done || !done.failed.length) toast(done.say, { kind: "move", ...(undo && { action: gettext("Undo"), run }) });
}

function showFailures(done) {
  const dialog = document.getElementById("failures");
  dialog.querySelector("[data-say]").textContent = done.say;
  const lines = done.failed.map(({ name, message }) => {
    const line = document.createElement("li");
    const who = document.createElement("b");
    who.textContent = name;
    line.append(who, ` ${message}`);
    return line;
  });
  const further = done.left.length - lines.length;
  if (further > 0) {
    const line = document.createElement("li");
    line.textContent = fill(ngettext("and %(n)s more", "and %(n)s more", further), { n: further });
    lines.push(line);
  }
  dialog.querySelector(".failures").replaceChildren(...lines);
  dialog.showModal();
}
