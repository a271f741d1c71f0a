// The session has ended under an open page: people sign in here, and what they were doing goes on.

const dialog = () => document.getElementById("signin");
let underWay = null;

/** Ask for the password once, however many requests wait for it. Resolves with whether they may go on. */
export function signInAgain() {
  underWay ??= inDialog().finally(() => (underWay = null));
  return underWay;
}

/** Take over the token that guards changes, as it is now. False when nobody is signed in. */
export async function freshToken() {
  const session = await whoIsIn();
  if (!session) return false;
  if (String(session.user) !== dialog().dataset.user) {
    location.reload(); // this page was made for somebody else
    return new Promise(() => {});
  }
  document.body.dataset.csrf = session.csrf;
  for (const field of document.getElementsByName("csrfmiddlewaretoken")) field.value = session.csrf;
  return true;
}

async function whoIsIn() {
  const answer = await fetch(dialog().dataset.session, { redirect: "manual" }).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

function inDialog() {
  if (!dialog()) return Promise.resolve(false);
  const form = dialog().querySelector("form");
  form.reset();
  complain("");
  form.onsubmit = (event) => (event.preventDefault(), signIn(form));
  addEventListener("focus", lookAround);
  dialog().returnValue = "";
  dialog().showModal();
  form.elements.namedItem("password").focus();
  return new Promise((resolve) => {
    dialog().addEventListener("close", () => resolve(closed()), { once: true });
  });
}

function closed() {
  removeEventListener("focus", lookAround);
  const isIn = dialog().returnValue === "ok";
  if (isIn) document.dispatchEvent(new CustomEvent("signed-in"));
  return isIn;
}

async function signIn(form) {
  const fields = new FormData(form);
  fields.set("csrfmiddlewaretoken", document.body.dataset.csrf);
  const headers = { "X-Requested-With": "XMLHttpRequest" };
  const answer = await fetch(form.action, { method: "POST", body: fields, headers }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (await freshToken()) return dialog().close("ok");
  if (said?.location) askOnFullPage(said.location);
  else complain(problemsOf(said) || dialog().dataset.problem);
}

/** Signed in on the full page, in another tab? */
async function lookAround() {
  if (await freshToken()) dialog().close("ok");
}

function problemsOf(said) {
  const { errors = [], fields = {} } = said?.form ?? {};
  return [...errors, ...Object.values(fields).flatMap((field) => field.errors)].join(" ");
}

function askOnFullPage(address) {
  complain(dialog().dataset.further);
  dialog().querySelector("[data-full-page]").href = address;
}

function complain(words) {
  const problem = dialog().querySelector("[data-problem-here]");
  problem.textContent = words;
  problem.hidden = !words;
}
