// Colleagues' changes. The server only says that a card has changed; we fetch what we may see, and never under a drag.

import { say } from "../say.js";
import { fill, gettext, ngettext } from "../words.js";
import { flash, settle, versionOf } from "./arrivals.js";
import { board, cardById } from "./cards.js";
import { isSaving } from "./commit.js";
import { isHolding } from "./keyboard.js";
import { isDragging } from "./pointer.js";
import { fetchCard } from "./send.js";

const TOGETHER = 1500; // milliseconds in which several changes are announced as one
const nudges = new Map();
const sign = () => document.querySelector("[data-live]");
let fetching = false;

function connect() {
  const stream = new EventSource("/live/");
  stream.onopen = () => show("on", gettext("Live"));
  stream.onerror = () => show("off", gettext("Reconnecting"));
  stream.onmessage = ({ data }) => {
    const nudge = JSON.parse(data);
    if (nudge.t === "all") return lookAgain();
    if (`${nudge.t}s` !== board()?.dataset.cards) return;
    nudges.set(String(nudge.id), nudge.v);
    catchUp();
  };
  addEventListener("pagehide", () => stream.close());
}

function show(state, words) {
  if (!sign()) return;
  sign().dataset.live = state;
  sign().querySelector("span").textContent = words;
}

const isBusy = (id) => isDragging() || isHolding() || (cardById(id) && isSaving(cardById(id)));

async function catchUp() {
  if (fetching) return;
  fetching = true;
  for (const [id, version] of [...nudges]) {
    if (isBusy(id)) continue;
    nudges.delete(id);
    if (versionOf(id) >= version) continue;
    const { status } = await fetchCard(`/${board().dataset.cards}/${id}/card/`);
    if (isBusy(id)) nudges.set(id, version);
    else if (status === 200) arrived(settle(id, { byRank: true, admittedOnly: true }));
    else if (status === 404) cardById(id)?.remove();
  }
  fetching = false;
}

function arrived(card) {
  if (!card) return;
  flash(card);
  announce();
}

/** More has changed than is worth naming: the whole board anew. */
function lookAgain() {
  if (isDragging() || isHolding()) return setTimeout(lookAgain, 1000);
  htmx.ajax("GET", location.href, { source: board(), target: "#board", swap: "outerHTML" });
}

let changes = 0;
let timer = 0;
function announce() {
  changes += 1;
  clearTimeout(timer);
  timer = setTimeout(() => {
    say(fill(ngettext("%(n)s change by a colleague.", "%(n)s changes by colleagues.", changes), { n: changes }));
    changes = 0;
  }, TOGETHER);
}

document.addEventListener("board-idle", catchUp);
if (sign()) connect();
