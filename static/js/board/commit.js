// The one way a card's step is saved, behind pointer, touch, keyboard, menu and panel.

import { ask } from "../dialogs.js";
import { say, toast } from "../say.js";
import { fill, gettext } from "../words.js";
import { flash, settle } from "./arrivals.js";
import { cardsIn, columnOf, columnOfStage, nameOf, nameOfColumn } from "./cards.js";
import { neighboursOf, placeAt, putBack, whereabouts } from "./cards.js";
import { setActive } from "./focus.js";
import { send } from "./send.js";
import { remember, undoLast } from "./undo.js";

const saving = new Set();

/** True while a step of this card is under way: it takes no second one. */
export const isSaving = (card) => saving.has(card.dataset.id);

/**
 * A target is where a step leads: { column, index } on the board, or { drop } out of it, as the tray and the menu name
 * it. `from` is the place the card was taken from; `focus` keeps the keyboard on the card.
 */
export async function commit(card, target, from, { focus = false } = {}) {
  if (isSaving(card)) return putBack(card, from);
  const name = nameOf(card);
  const needs = whatItAsks(card, target);
  const fields = needs ? await ask(needs, card) : {};
  if (!fields) {
    putBack(card, from);
    setActive(card, { focus: true });
    return say(fill(gettext("Cancelled. %(name)s stays in %(stage)s."), { name, stage: nameOfColumn(from.column) }));
  }

  const neighbour = cardsIn(from.column).find((other) => other !== card);
  show(card, target);
  card.classList.add("saving");
  saving.add(card.dataset.id);
  const answer = await send(addressOf(card, target), { ...fieldsOf(card, target), ...fields });
  saving.delete(card.dataset.id);
  card.classList.remove("saving");

  if (answer.status === 200) succeeded(card, name, target, from, answer, { focus, neighbour });
  else failed(card, name, target, from, answer, { focus });
  document.dispatchEvent(new CustomEvent("board-idle"));
}

/** Which question comes before the save: the target's own, or one for leaving the card's stage. */
function whatItAsks(card, { column, drop }) {
  if (drop) return drop.dataset.asks;
  if (column.dataset.asksFrom === card.dataset.stage) return column.dataset.asks;
  return "";
}

function addressOf(card, { column, drop }) {
  if (drop) return card.dataset.url + drop.dataset.noun + "/";
  const isReopening = card.dataset.kind === "won" && column.dataset.kind === "open";
  return card.dataset.url + (isReopening ? "reopening/" : "stage/");
}

function fieldsOf(card, { column, drop }) {
  const version = card.dataset.version;
  if (drop) return drop.dataset.to ? { version, to: drop.dataset.to } : { version };
  return { version, to: column.dataset.stage, ...neighboursOf(card) };
}

function show(card, { column, index }) {
  if (column) placeAt(card, column, index);
  else card.classList.add("away");
}

function succeeded(card, name, target, from, { happening }, { focus, neighbour }) {
  const settled = settle(card.dataset.id);
  if (settled) setActive(settled, { focus });
  else if (focus && neighbour?.isConnected) setActive(neighbour, { focus });
  const { undo: url, version } = happening ?? {};
  const undone = url ? { url, id: card.dataset.id, version, name } : null;
  if (undone) remember(undone);
  const words = happening?.say ?? fill(gettext("%(name)s moved."), { name });
  const position = settled ? ` ${whereabouts(settled)}.` : "";
  say(`${words}${position}${undone ? ` ${gettext("Press Z to undo.")}` : ""}`);
  if (!undone) return;
  const note = settled ? overLimit(columnOf(settled)) : "";
  toast(words, { kind: "move", note, action: gettext("Undo"), run: undoLast });
}

function overLimit(column) {
  const count = column.querySelector(".count.over");
  if (!count) return "";
  const [holds, limit] = count.textContent.match(/\d+/g);
  const words = gettext("%(stage)s now holds %(holds)s, its limit is %(limit)s.");
  return fill(words, { stage: nameOfColumn(column), holds, limit });
}

/** Exactly the old place, or where the card really is by now; the reason; the way out. */
function failed(card, name, target, from, { status, refusal }, { focus }) {
  putBack(card, from);
  const really = settle(card.dataset.id) ?? (card.isConnected ? card : null);
  const stage = really ? nameOfColumn(columnOf(really)) : "";
  const back = really ? ` ${fill(gettext("%(name)s is in %(stage)s."), { name, stage })}` : "";
  const again = { action: gettext("Try again"), run: () => retry(really, target, focus) };
  let words, wayOut = {};
  if (refusal) {
    words = refusal.message;
    if (status === 409 && really) wayOut = { action: gettext("Move anyway"), run: again.run };
    const open = () => really.querySelector(".cardname").click();
    if (status === 422 && really) wayOut = { action: gettext("Open"), run: open };
  } else if (status === 0) [words, wayOut] = [gettext("No answer from the server.") + back, again];
  else if (status === 401) words = gettext("You are signed out.") + back;
  else if (status === 403) words = fill(gettext("You can see %(name)s but not change it."), { name }) + back;
  else if (status === 404) words = fill(gettext("%(name)s is not yours to see any more."), { name });
  else [words, wayOut] = [gettext("The server could not save that.") + back, again];
  toast(words, { bad: true, ...wayOut });
  say(`${gettext("Not moved.")} ${words}`, { loud: true });
  if (!really) return;
  setActive(really, { focus });
  flash(really);
}

function retry(card, target, focus) {
  if (!card?.isConnected) return;
  const from = { column: columnOf(card), next: card.nextElementSibling };
  const column = target.column && columnOfStage(target.column.dataset.stage);
  commit(card, column ? { column, index: target.index } : target, from, { focus });
}
