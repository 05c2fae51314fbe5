import js from "@eslint/js";

// The globals of a browser that the pages use.
const BROWSER = [
  "EventSource",
  "HTMLButtonElement",
  "HTMLDialogElement",
  "HTMLElement",
  "HTMLInputElement",
  "HTMLSelectElement",
  "ResizeObserver",
  "clearTimeout",
  "document",
  "fetch",
  "getComputedStyle",
  "matchMedia",
  "requestAnimationFrame",
  "setInterval",
  "setTimeout",
];
const STRICT = {
  "consistent-return": "error",
  curly: ["error", "multi-line"],
  "default-param-last": "error",
  eqeqeq: ["error", "always", { null: "ignore" }],
  "max-len": ["error", { code: 110 }],
  "no-console": "error",
  "no-eval": "error",
  "no-implicit-coercion": "error",
  "no-implicit-globals": "error",
  "no-param-reassign": "error",
  "no-shadow": "error",
  "no-unused-vars": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-template": "error",
};

export default [
  { ignores: ["ven_twin/webkit/static/uplot/**", ".venv/**", ".cache/**", "cdk.out/**"] },
  js.configs.recommended,
  {
    files: ["ven_twin/**/static/**/*.js"],
    languageOptions: { globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])) },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: STRICT,
  },
  {
    // What both pages stand on knows neither of them.
    files: ["ven_twin/webkit/static/*.js"],
    rules: { "no-restricted-imports": ["error", { patterns: ["../*", "/static/*"] }] },
  },
  {
    // The operator's page has nothing of the VEN's.
    files: ["ven_twin/operations/fleet/static/*.js"],
    rules: { "no-restricted-imports": ["error", { patterns: ["../*", "/static/*", "!/static/kit/*"] }] },
  },
];
