// The rules of the operator's page.
import { rules as common } from "/static/kit/rules.js";

export const rules = /** @type {FleetApi.FleetRules} */ (common);
