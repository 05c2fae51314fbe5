// Limits, ranges and words that are written once, on the server. A page's own rules begin with these.
import { read } from "./api.js";

/** @type {KitApi.CommonRules} */
export const rules = await read("/api/rules");
