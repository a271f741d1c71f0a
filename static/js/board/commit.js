// The one way a card's step is saved, behind pointer, touch, keyboard, menu and panel.

import { ask } from "../dialogs.js";
import { say, toast } from "../say.js";
import { fill, gettext } from "../words.js";
import { flash, isOutside, loadAnew, settle } from "./arrivals.js";
import { cardById, cardsIn, columnOf, columnOfStage, isSorted, nameOf, nameOfColumn } from "./cards.js";
import { between, neighboursOf, placeAt, placeOf, putBack, whereabouts } from "./cards.js";
import { whatWentWrong } from "./failing.js";
import { setActive } from "./focus.js";
import { laidDown } from "./hand.js";
import { askMissing } from "./missing.js";
import { send } from "./send.js";
import { followUp, remember, undo } from "./undo.js";

const inFlight = new Map(); // id → the step that waits for its turn, or null

/** True while a step of this card is under way; a later one waits for its answer. */
export const isSaving = (card) => inFlight.has(card.dataset.id);

/**
 * A target is where a step leads: { column, index } on the board, or { drop } out of it, as the tray and the menu name
 * it. `from` is the place the card was taken from; `focus` keeps the keyboard on the card; `fields` go along.
 */
export async function commit(card, target, from, { focus = false, fields = {} } = {}) {
  const name = nameOf(card);
  if (isSorted() && target.column?.dataset.stage === from.stage) return keepsItsPlace(card, from);
  const needs = whatItAsks(card, target);
  const asked = needs ? await ask(needs, card) : {};
  const shown = cardById(card.dataset.id);
  if (!shown) return;
  if (!asked) return thoughtOver(shown, from);
  const step = { id: card.dataset.id, name, target, fields: { ...fields, ...asked }, focus };
  show(shown, target);
  if (focus) setActive(shown, { focus }); // further keys act on it while it is saved
  if (isSaving(shown)) return inFlight.set(step.id, { step, from });
  await carryOut(step, from);
}

/** Send the step of a card that is shown where it leads, and then the one that was wished for meanwhile. */
async function carryOut(step, from) {
  const card = cardById(step.id);
  const column = columnOfStage(from.stage);
  const neighbour = column && cardsIn(column).find((other) => other !== card);
  inFlight.set(step.id, null);
  card.classList.add("saving");
  const answer = await send(addressOf(card, step.target), step.sent ?? { ...fieldsOf(card, step.target), ...step.fields });
  await laidDown(step.id);
  const later = inFlight.get(step.id);
  inFlight.delete(step.id);
  cardById(step.id)?.classList.remove("saving");

  if (answer.status === 200) await succeeded(step, from, answer, neighbour, later);
  else await failed(later ? { ...later.step, sent: null } : { ...step, sent: answer.sent }, from, answer);
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
  const there = column && columnOfStage(column.dataset.stage);
  if (there) placeAt(card, there, index);
  else card.classList.add("away");
}

function keepsItsPlace(card, from) {
  putBack(card, from);
  setActive(card);
  const words = gettext("The board is sorted. Sort it by hand to give cards a place of your own choosing.");
  toast(words, { kind: "move" });
  say(words);
}

function thoughtOver(card, from) {
  putBack(card, from);
  setActive(card, { focus: true });
  say(fill(gettext("Cancelled. %(name)s stays in %(stage)s."), { name: nameOf(card), stage: from.name }));
}

async function succeeded(step, from, { happening, sent }, neighbour, later) {
  const settled = settle(step.id);
  if (settled) setActive(settled, { focus: step.focus });
  else if (step.focus && neighbour?.isConnected) setActive(neighbour, { focus: true });
  const { undo: url, version } = happening ?? {};
  const undone = url ? { url, id: step.id, version, seen: sent.version, name: step.name, ...between(from) } : null;
  if (undone) remember(undone);
  else followUp(step.id, sent.version, version, { tookBack: settled?.dataset.stage !== from.stage });
  if (later && settled) {
    show(settled, later.step.target);
    return carryOut(later.step, later.from);
  }
  const words = happening?.say ?? fill(gettext("%(name)s moved."), step);
  const position = settled ? ` ${whereabouts(settled)}.` : "";
  say(`${words}${position}${undone ? ` ${gettext("Press Z to undo.")}` : ""}`);
  if (!undone) return;
  const note = settled ? [overLimit(columnOf(settled)), beyondFilter(settled)].filter(Boolean).join(" ") : "";
  toast(words, { kind: "move", note, action: gettext("Undo"), run: () => undo(undone) });
}

const beyondFilter = (card) =>
  isOutside(card) ? gettext("It is outside the filter and stays here until the filter changes.") : "";

function overLimit(column) {
  const count = column.querySelector(".count.over");
  if (!count) return "";
  const [holds, limit] = count.textContent.match(/\d+/g);
  const words = gettext("%(stage)s now holds %(holds)s, its limit is %(limit)s.");
  return fill(words, { stage: nameOfColumn(column), holds, limit });
}

/** Exactly the old place, or where the card really is by now; the reason; the way out. */
async function failed(step, from, answer) {
  const shown = cardById(step.id);
  if (shown) putBack(shown, from);
  const really = answer.status === 404 ? vanish(shown) : settle(step.id);
  if (really) setActive(really, { focus: step.focus });
  if (really && answer.status === 422) {
    const missing = await askMissing(answer.refusal, really);
    if (missing) return again({ ...step, sent: null, fields: { ...step.fields, ...missing } });
    if (missing === null) return thoughtOver(cardById(step.id) ?? really, placeOf(really));
  }
  const { words, wayOut, sameAgain } = whatWentWrong(answer, step.name, really && nameOfColumn(columnOf(really)));
  const retry = () => again(sameAgain ? step : { ...step, sent: null });
  toast(words, { bad: true, ...(wayOut && really && { action: wayOut, run: retry }) });
  say(`${gettext("Not moved.")} ${words}`, { loud: true });
  flash(really);
}

/** It is not theirs to see any more: the heads have to be counted anew. */
function vanish(card) {
  card?.remove();
  loadAnew();
  return null;
}

/** The same wish once more, from where the card is now. */
function again(step) {
  const card = cardById(step.id);
  if (!card) return;
  const from = placeOf(card);
  show(card, step.target);
  if (isSaving(card)) return inFlight.set(step.id, { step, from });
  return carryOut(step, from);
}
