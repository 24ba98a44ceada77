import type { Figure } from './figure.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,234,567`; a dash for what could not be measured. */
export function count(value: number): string {
  return Number.isFinite(value) ? whole.format(value) : '–';
}

export function megabytes(bytes: number): string {
  return count(bytes / 1e6);
}

export function micros(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

/** Milliseconds with as many digits as say something. */
export function millis(value: number): string {
  return value < 10 ? value.toFixed(1) : count(value);
}

/** `± 12%`, empty for a single run. */
export function plusMinus({ spread }: Figure, runs: number): string {
  return runs < 2 ? '' : `± ${percent(spread)}`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}

export function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${ratio.toFixed(2)} ×`;
}

/** `exactly once`. */
export function guaranteeName(guarantee: string): string {
  return guarantee.replaceAll('_', ' ').replace(' v2', '');
}
