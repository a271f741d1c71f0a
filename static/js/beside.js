// Pop-ups stand beside the button that opened them, inside the window. On a phone the style sheet makes them sheets.

export function placeBeside(menu, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  menu.style.left = `${Math.max(8, Math.min(innerWidth - width - 12, at.right - width))}px`;
  menu.style.top = `${Math.max(8, Math.min(at.bottom + 4, innerHeight - height - 8))}px`;
}

document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    const button = document.querySelector(`[popovertarget="${target.id}"]`);
    if (newState === "open" && button && target.matches(".menu")) placeBeside(target, button);
  },
  true,
);
