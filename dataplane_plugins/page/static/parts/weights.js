// Weights of servers: HAProxy shares traffic by them (manual, section 5.2 "weight").

const LARGEST = 256;

/**
 * The weight by which a server gets a share of its backend's traffic.
 *
 * @param {number} share From 0 to 1.
 * @param {number[]} others The weights of the other servers.
 */
export function weightForShare(share, others) {
  const sum = others.reduce((total, one) => total + one, 0);
  const part = Math.min(0.99, Math.max(0, share));
  return Math.max(part > 0 ? 1 : 0, Math.min(LARGEST, Math.round((sum * part) / (1 - part))));
}

/**
 * The share that a weight is, among the weights of others.
 *
 * @param {number} weight
 * @param {number[]} others
 */
export function shareOfWeight(weight, others) {
  const sum = weight + others.reduce((total, one) => total + one, 0);
  return sum ? weight / sum : 0;
}

/**
 * Read a weight as somebody types it: `20`, or `10%` of the traffic.
 *
 * @param {string} text
 * @param {number[]} others
 */
export function typedWeight(text, others) {
  const share = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(text);
  return share ? weightForShare(Number(share[1]) / 100, others) : Number(text);
}
