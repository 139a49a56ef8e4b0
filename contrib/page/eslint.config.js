// The rules for the page's scripts; contrib/page/check runs them.

import js from "@eslint/js";
import globals from "globals";

const noMarkup = [
  { property: "innerHTML", message: "Data is text: make elements with html`…`." },
  { property: "outerHTML", message: "Data is text: make elements with html`…`." },
  { property: "insertAdjacentHTML", message: "Data is text: make elements with html`…`." },
];

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser, sourceType: "module" },
    rules: {
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 60, skipComments: true }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-properties": ["error", ...noMarkup],
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "prefer-const": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
];
