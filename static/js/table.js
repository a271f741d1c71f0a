// The table's page: cells are changed in place, rows are chosen. Without it the same links lead to each deal's page.

import "./dialogs.js";
import "./table/choosing.js";
import "./table/editing.js";
