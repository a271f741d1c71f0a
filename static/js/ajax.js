// Requests through htmx that somebody waits for. When the session has ended, the same request goes again after sign-in.

const signingIn = () => import("./signing_in.js"); // seldom needed

/**
 * Ask through htmx and resolve, never reject, with the request; its status is 0 when no answer came, and `timedOut`
 * tells that nobody answered in time. With `quiet` nobody is asked to sign in.
 */
export async function ajax(verb, url, context, { quiet = false } = {}) {
  for (let tries = 0; ; tries += 1) {
    const answer = await asked(verb, url, context);
    if (quiet) return answer;
    const mayGoOn = answer.status === 401 || (isStale(answer) && tries < 2);
    if (!mayGoOn || !(await isBack(answer))) return answer;
  }
}

const lastOf = new WeakMap(); // element → its request under way

/** htmx would answer at once for a request whose element still waits for another: one goes after the other. */
function asked(verb, url, context) {
  const { source } = context;
  const turn = (lastOf.get(source) ?? Promise.resolve()).then(() => carriedOut(verb, url, context));
  lastOf.set(source, turn);
  return turn;
}

async function carriedOut(verb, url, context) {
  let request = null;
  let timedOut = false;
  const { source } = context;
  const answered = ({ detail }) => (request = detail.elt === source ? detail.xhr : request);
  const late = ({ detail }) => (timedOut ||= detail.elt === source);
  source.addEventListener("htmx:afterRequest", answered);
  source.addEventListener("htmx:timeout", late);
  await htmx.ajax(verb, url, context).catch(() => {});
  source.removeEventListener("htmx:afterRequest", answered);
  source.removeEventListener("htmx:timeout", late);
  return { status: request?.status ?? 0, events: eventsOf(request), timedOut };
}

const isStale = ({ status, events }) => status === 403 && "stale-page" in events;

/** Whether the person is signed in by now: in another tab, or by signing in here. */
async function isBack(answer) {
  const { freshToken, signInAgain } = await signingIn();
  return (isStale(answer) && (await freshToken())) || signInAgain();
}

function eventsOf(request) {
  try {
    return JSON.parse(request.getResponseHeader("HX-Trigger")) ?? {};
  } catch {
    return {};
  }
}

// Forms and links with htmx attributes go again by themselves.
document.addEventListener("htmx:responseError", async ({ detail }) => {
  if (detail.etc.returnPromise) return; // `ajax` waits for it
  const { xhr, requestConfig, target, etc } = detail;
  const { verb, path, elt, formData } = requestConfig;
  const answer = { status: xhr.status, events: eventsOf(xhr) };
  if (answer.status !== 401 && !isStale(answer)) return;
  if (!(await isBack(answer))) return;
  const values = verb === "get" ? {} : formData;
  ajax(verb, path, { source: elt, target, swap: etc.swapOverride, values });
});
