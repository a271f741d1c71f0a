// Pop-ups stand beside the button that opened them, inside the window; on a phone the style sheet makes them sheets.
// Menus are gone through with arrows, or by typing how an entry begins.

export function placeBeside(menu, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + 4 + height <= innerHeight - 8;
  menu.style.left = `${Math.max(8, Math.min(innerWidth - width - 12, at.right - width))}px`;
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - height - 4)}px`;
}

document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    const button = document.querySelector(`[popovertarget="${target.id}"]`);
    if (newState === "open" && button && target.matches(".menu")) placeBeside(target, button);
  },
  true,
);

const TYPING = 700; // milliseconds in which letters belong to one word
let typed = "";
let timer = 0;

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.('.menu[role="menu"]');
  if (!menu) return;
  const all = [...menu.querySelectorAll('[role="menuitem"]:not([aria-disabled="true"], [hidden])')];
  const here = all.indexOf(document.activeElement);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    all[(here + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length].focus();
  } else if (event.key === "Home" || event.key === "End") {
    event.preventDefault();
    all.at(event.key === "Home" ? 0 : -1).focus();
  } else if (event.key === "Tab") menu.hidePopover();
  else if (event.key.length === 1 && event.key.trim() && !event.ctrlKey && !event.metaKey) entryLike(event.key, all, here)?.focus();
});

function entryLike(letter, all, here) {
  clearTimeout(timer);
  timer = setTimeout(() => (typed = ""), TYPING);
  typed += letter.toLowerCase();
  const begins = (entry) => wordsOf(entry).toLowerCase().startsWith(typed);
  const from = typed.length === 1 ? here + 1 : here;
  return all.slice(Math.max(0, from)).find(begins) ?? all.find(begins);
}

const wordsOf = (entry) => (entry.querySelector("span:not([aria-hidden], .dot)") ?? entry).textContent.trim();
