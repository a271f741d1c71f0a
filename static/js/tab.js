// The name of this tab: requests carry it, and nudges bring it back, so that nobody takes own changes for a colleague's.

export const tab = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers["X-Tab"] = tab;
});
