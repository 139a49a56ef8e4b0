// Components that are drawn again only if what they show has changed: pictures of many parts stay quick.

import { Component } from "preact";

import { html } from "./html.js";

/** @param {Record<string, any>} one @param {Record<string, any>} other */
function differ(one, other) {
  return Object.keys(other).length !== Object.keys(one).length
    || Object.entries(other).some(([name, value]) => !Object.is(value, one[name]));
}

/**
 * Make a component that keeps what it has drawn while it is given the same things.
 *
 * @template {Record<string, any>} P
 * @param {(props: P) => any} draw
 * @returns {any}
 */
export function memo(draw) {
  return class extends Component {
    /** @param {any} next */
    shouldComponentUpdate(next) {
      return differ(/** @type {any} */ (this.props), next);
    }

    render() {
      return html`<${draw} ...${this.props} />`;
    }
  };
}
