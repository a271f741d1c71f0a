// The board's page: everything that makes its plain links and forms quick.

import "./adding.js";
import "./keyboard.js";
import "./live.js";
import "./menu.js";
import "./panel.js";
import "./pointer.js";
import "./selecting.js";
import { makeReachable } from "./focus.js";
import { watchColumns } from "./tabs.js";

makeReachable();
watchColumns();

document.addEventListener("htmx:afterSettle", ({ target }) => {
  makeReachable();
  if (target.id === "board") watchColumns();
});
