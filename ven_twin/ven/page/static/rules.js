// The rules of the VEN's page.
import { rules as common } from "/static/kit/rules.js";

export const rules = /** @type {VenApi.VenRules} */ (common);

/**
 * The words of a reason to opt out; one that is not of the list stands as it came.
 * @param {string | null} reason
 */
export const reasonWords = (reason) =>
  rules.optOutReasons.find(({ value }) => value === reason)?.words ?? reason ?? "";
