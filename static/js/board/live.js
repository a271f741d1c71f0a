// Colleagues' changes. The server only says that a card has changed; we fetch what we may see, several cards at once,
// and never under somebody's hands.

import { say } from "../say.js";
import { tab } from "../tab.js";
import { fill, gettext, ngettext } from "../words.js";
import { flash, loadAnew, settle, takeOff, versionOf } from "./arrivals.js";
import { allCards, board, cardById } from "./cards.js";
import { isSaving } from "./commit.js";
import { isHolding } from "./keyboard.js";
import { isDragging } from "./pointer.js";
import { fetchCard } from "./send.js";
import { listen } from "./stream.js";
import "./following.js";

const TOGETHER = 60; // milliseconds in which several nudges become one request
const AT_ONCE = 50; // cards of one request
const TOO_MANY = 200; // of more changes than this the board is read anew
const NAMED = 500; // cards that a question names, for an address is only so long
const RETRY = 5000; // milliseconds until what did not come is asked for again
const SPOKEN_TOGETHER = 1500; // milliseconds in which several changes are announced as one
const WORDS = {
  on: gettext("Live"),
  poll: gettext("Every 30 seconds"),
  off: gettext("Reconnecting"),
  offline: gettext("Offline"),
  out: gettext("Signed out"),
};

const changed = new Map(); // id → { version, mine }: what is still to be fetched
const sign = () => document.querySelector("[data-live]");
let stream = ""; // how changes reach this tab
let waiting = 0;
let fetching = false;
let retryAt = 0;
let isStale = false; // more changed than was named

function told({ state, nudge, look }) {
  const isFirst = state && !stream; // since the board was read nobody has listened for it
  if (state) show((stream = state));
  if (nudge) heard(nudge);
  if (look || isFirst) catchUp();
}

function show(state) {
  if (!sign()) return;
  sign().dataset.live = state;
  sign().querySelector("span").textContent = WORDS[state];
}

function heard({ t, id, v, src }) {
  if (t === "all") catchUp();
  else if (t === "rights") readAnew();
  else if (`${t}s` === board()?.dataset.cards) note(id, v, src === tab);
}

/** A change of one card; the newest version counts, and it is mine only when nobody else had a part in it. */
function note(id, version, mine = false) {
  const known = changed.get(String(id));
  changed.set(String(id), { version: Math.max(version, known?.version ?? 0), mine: mine && (known?.mine ?? true) });
  document.dispatchEvent(new CustomEvent("card-touched", { detail: { id, version, mine } }));
  soon();
}

function soon() {
  waiting ||= setTimeout(() => ((waiting = 0), follow()), TOGETHER);
}

/** Somebody's hands are on the board: a card is dragged or held, or something is being written on it. */
const isOccupied = () => isDragging() || isHolding() || isWriting();
const isWriting = () => document.activeElement?.matches("#board :is(input, select, textarea, [contenteditable])");

function isBusy(id) {
  const card = cardById(id);
  return card && (isSaving(card) || card.querySelector('[aria-expanded="true"]'));
}

/** Fetch what changed and may be touched now; the rest waits for its hour. */
async function follow() {
  if (fetching || document.hidden || isOccupied() || !board() || Date.now() < retryAt) return;
  if (isStale || changed.size > TOO_MANY) return fetchOne(fetchAll);
  for (const [id, { version }] of [...changed]) if (versionOf(id) >= version) changed.delete(id);
  const ids = [...changed.keys()].filter((id) => !isBusy(id)).slice(0, AT_ONCE);
  if (ids.length) await fetchOne(() => fetchThese(ids));
}

async function fetchOne(fetch) {
  fetching = true;
  await fetch().finally(() => (fetching = false));
  if (changed.size) soon();
}

/** The whole board; where it does not come, it is as stale as before. */
async function fetchAll() {
  changed.clear();
  isStale = false;
  const { status } = await loadAnew();
  if (status === 200) return;
  isStale = true;
  retryAt = Date.now() + RETRY;
}

async function fetchThese(ids) {
  const asked = ids.map((id) => [id, changed.get(id)]);
  ids.forEach((id) => changed.delete(id));
  const { status } = await fetchCard(`${board().dataset.arrivals}?ids=${ids}`);
  if (status !== 200) retryAt = Date.now() + RETRY;
  for (const [id, { version, mine }] of asked) {
    if (status !== 200 || isOccupied() || isBusy(id)) keep(id, version, mine);
    else arrive(id, mine);
  }
}

function keep(id, version, mine) {
  const newer = changed.get(id);
  if (!newer || newer.version < version) changed.set(id, { version, mine });
}

function arrive(id, mine) {
  const before = versionOf(id);
  const column = cardById(id)?.closest(".col");
  const came = document.querySelector(`.arrival[data-for="${CSS.escape(id)}"]`);
  if (!came) return cardById(id) && takeOff(cardById(id)); // it is not ours to see any more
  const card = settle(id, { byRank: true, admittedOnly: true });
  if (card && card.closest(".col") !== column && belowTheShown(card)) takeOff(card);
  if (mine || versionOf(id) === before) return;
  flash(card);
  announce();
}

/** Behind "Show more": it comes with the others of its place. */
const belowTheShown = (card) => card.nextElementSibling?.matches(".further");

// What "Show more" brings may have come by itself before.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!detail.requestConfig?.path.includes("/columns/")) return;
  const seen = new Set();
  for (const card of allCards().reverse()) seen.has(card.id) ? card.remove() : seen.add(card.id);
});

let changes = 0;
let speaking = 0;
function announce() {
  changes += 1;
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    say(fill(ngettext("%(n)s change by a colleague.", "%(n)s changes by colleagues.", changes), { n: changes }));
    changes = 0;
  }, SPOKEN_TOGETHER);
}

/** Ask what changed since the board was read or asked last, and fetch only that. */
let asking = null;
let askOnceMore = false; // the answer under way may be older than what there is to ask about
let again = 0;
function catchUp() {
  clearTimeout(again); // however often it is asked in vain, one question waits to be asked again
  if (asking) return void (askOnceMore = true);
  asking = ask().finally(answered);
}

function answered() {
  asking = null;
  if (!askOnceMore) return;
  askOnceMore = false;
  catchUp();
}

async function ask() {
  if (document.hidden || !board()) return (missed = true);
  missed = false;
  const { changes: address, cursor } = board().dataset;
  const shown = allCards().slice(0, NAMED).map((card) => card.dataset.id);
  const answer = await read(`${address}?${new URLSearchParams({ since: cursor, shown })}`);
  if (!answer) return void (again = setTimeout(catchUp, RETRY));
  if (board().dataset.cursor === cursor) board().dataset.cursor = answer.cursor;
  if (answer.cards === "all") return readAnew();
  for (const { id, v } of answer.cards) if (versionOf(id) < v) note(id, v);
  for (const id of answer.lost) note(id, Infinity);
}

/** The answer, or null when there is none; the sign says why. */
async function read(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (response.ok) show(stream);
    else show(response.type === "opaqueredirect" || response.status === 401 ? "out" : "off");
    return response.ok ? await response.json() : null;
  } catch {
    show(navigator.onLine ? "off" : "offline");
    return null;
  }
}

/** More has changed than is worth naming: the whole board anew. */
function readAnew() {
  isStale = true;
  soon();
}

let missed = false;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (missed) catchUp();
  soon();
});

// What waited goes on when hands are off the board again.
const goOn = () => (changed.size || isStale) && soon();
for (const event of ["board-idle", "focusout", "toggle"]) document.addEventListener(event, goOn, true);
setInterval(goOn, 1000);

if (sign()) listen(told);
