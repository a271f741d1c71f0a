// Taking steps back: from the message, or with Z for the last twenty of this tab.

import { say, toast } from "../say.js";
import { fill, gettext } from "../words.js";
import { flash, settle } from "./arrivals.js";
import { board, cardById, columnOf, nameOfColumn } from "./cards.js";
import { whatWentWrong } from "./failing.js";
import { setActive } from "./focus.js";
import { send } from "./send.js";

const DEPTH = 20;
const steps = [];

/**
 * A step that can be taken back: { url, id, name, version, seen, after, before } with the versions after and before it
 * and the cards it stood between; a step of many cards brings `takeBack` instead, which resolves with whether it may be
 * tried again.
 */
export function remember(step) {
  steps.push(step);
  if (steps.length > DEPTH) steps.shift();
}

/**
 * After a change of the card that cannot be undone itself: what was done before still can. Where the change took the
 * last step back, that is what was done before it.
 */
export function followUp(id, seen, version, { tookBack = false } = {}) {
  const place = steps.findLastIndex((step) => step.id === id && step.version === Number(seen));
  if (place < 0) return;
  if (tookBack) followUp(id, steps.splice(place, 1)[0].seen, version);
  else steps[place].version = version;
}

export const undoLast = () => (steps.length ? undo(steps.at(-1)) : say(gettext("Nothing to undo.")));

export async function undo(step) {
  const place = steps.indexOf(step);
  if (place < 0) return;
  steps.splice(place, 1);
  document.querySelectorAll('.toast[data-kind="move"]').forEach((message) => message.remove());
  if (step.takeBack) return (await step.takeBack()) && remember(step);
  const { version, after = "", before = "" } = step;
  const answer = await send(step.url, { version, after, before, ...step.sent });
  if (answer.status !== 200) return notUndone(step, answer);
  followUp(step.id, step.seen, answer.happening.version);
  const card = settle(step.id, { byRank: true }) ?? cardById(step.id);
  if (!card) return say(fill(gettext("Undone. %(name)s is back."), step));
  setActive(card, { focus: true });
  flash(card);
  say(fill(gettext("Undone. %(name)s is back in %(stage)s."), { ...step, stage: nameOfColumn(columnOf(card)) }));
}

/** What has changed since cannot be taken back; what was not answered may be tried again. */
function notUndone(step, answer) {
  settle(step.id);
  const { words, sameAgain } = whatWentWrong(answer, step.name, "");
  if (sameAgain) {
    const again = { ...step, sent: answer.sent };
    remember(again);
    toast(words, { bad: true, action: gettext("Try again"), run: () => undo(again) });
  } else {
    const why = gettext("That move can no longer be undone.");
    const href = `/${board().dataset.cards}/${step.id}/#timeline-title`;
    toast(why, { bad: true, note: answer.refusal?.message ?? words, action: gettext("History"), href });
  }
  say(`${gettext("Not undone.")} ${words}`, { loud: true });
}
