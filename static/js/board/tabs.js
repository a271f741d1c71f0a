// On a phone: tabs that bring a stage into view, and show which one is.

import { board, columns } from "./cards.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const tabs = () => [...document.querySelectorAll("#stagetabs a")];
let watcher = null;

document.addEventListener("click", (event) => {
  const tab = event.target.closest("#stagetabs a");
  if (!tab) return;
  event.preventDefault();
  const column = document.querySelector(tab.getAttribute("href"));
  column.scrollIntoView({ inline: "center", block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
});

/** Follow which column fills the board; call again when the board was rendered anew. */
export function watchColumns() {
  watcher?.disconnect();
  const follow = (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => mark(one.target.id));
  watcher = new IntersectionObserver(follow, { root: board(), threshold: 0.6 });
  columns().forEach((column) => watcher.observe(column));
}

function mark(id) {
  for (const tab of tabs()) {
    if (tab.getAttribute("href") !== `#${id}`) tab.removeAttribute("aria-current");
    else {
      tab.setAttribute("aria-current", "true");
      tab.parentElement.scrollLeft = tab.offsetLeft - 60;
    }
  }
}
