// Why a step was not taken, in words, and what can be done about it.

import { fill, gettext } from "../words.js";

/**
 * { words, wayOut, sameAgain }: the reason with where the card is now, the name of the button that helps, if one does,
 * and whether it sends the very same request, which is done at most once.
 */
export function whatWentWrong({ status, refusal, timedOut }, name, stage) {
  const back = stage ? ` ${fill(gettext("%(name)s is back in %(stage)s."), { name, stage })}` : "";
  const tryAgain = gettext("Try again");
  if (refusal) return { words: refusal.message, wayOut: refusal.anyway ? gettext("Move anyway") : "" };
  if (status === 0) return { words: noAnswer(timedOut) + back, wayOut: tryAgain, sameAgain: true };
  if (status === 401) return { words: gettext("You are signed out.") + back, wayOut: gettext("Sign in") };
  if (status === 403) return { words: fill(gettext("You can see %(name)s but not change it."), { name }) + back };
  if (status === 404) return { words: fill(gettext("%(name)s is not yours to see any more."), { name }) };
  return { words: gettext("The server could not save that.") + back, wayOut: tryAgain, sameAgain: true };
}

function noAnswer(timedOut) {
  if (timedOut) return gettext("No answer from the server for 10 seconds.");
  return navigator.onLine ? gettext("No answer from the server.") : gettext("You are offline.");
}
