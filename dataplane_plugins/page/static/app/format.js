// Numbers, times and sizes in the language of the browser.

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = ["B", "kB", "MB", "GB", "TB"];
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** What is shown where there is no value. */
export const NOTHING = "–";

/** @param {number | null | undefined} value */
export const formatNumber = (value) => (value == null ? NOTHING : number.format(value));

/** @param {number | null | undefined} value */
export const formatCompact = (value) => (value == null ? NOTHING : compact.format(value));

/** @param {number | null | undefined} share From 0 to 1. */
export const formatPercent = (share) => (share == null ? NOTHING : percent.format(share));

/** @param {number | null | undefined} perSecond */
export const formatRate = (perSecond) => (perSecond == null ? NOTHING : `${compact.format(perSecond)}/s`);

/** @param {number | null | undefined} milliseconds */
export function formatDuration(milliseconds) {
  if (milliseconds == null) return NOTHING;
  if (milliseconds < 1000) return `${number.format(milliseconds)} ms`;
  return `${number.format(milliseconds / 1000)} s`;
}

/** @param {number | null | undefined} bytes */
export function formatBytes(bytes) {
  if (bytes == null) return NOTHING;
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${number.format(bytes / 1000 ** step)} ${UNITS[step]}`;
}

/** @param {string | number | Date | null | undefined} time */
export const formatTime = (time) => (time == null ? NOTHING : moment.format(new Date(time)));

/** @param {string | number | Date} time */
export const formatClock = (time) => clock.format(new Date(time));

/** @param {string | number | Date} time */
export const formatDay = (time) => day.format(new Date(time));

/**
 * Say how long ago a time is, or how long it is till then.
 *
 * @param {string | number | Date | null | undefined} time
 * @param {number} [now]
 */
export function formatRelative(time, now = Date.now()) {
  if (time == null) return NOTHING;
  const seconds = (new Date(time).getTime() - now) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/**
 * Say how many there are of something.
 *
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const formatCount = (count, one, many = `${one}s`) => `${number.format(count)} ${count === 1 ? one : many}`;
