import { accountPage } from "./accountpage.js";
import { apiPage } from "./apipage.js";
import { exchangePage } from "./exchangepage.js";
import { missingPage } from "./missingpage.js";
import { statsPage } from "./statspage.js";
import { registerPage } from "./views.js";

/** Every view that is no list of todos. */
export function registerPages() {
  registerPage("stats", statsPage);
  registerPage("exchange", exchangePage);
  registerPage("account", accountPage);
  registerPage("api", apiPage);
  registerPage("missing", missingPage);
}
