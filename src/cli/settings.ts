import { MillraceError } from '../errors.ts';
import type { Settings } from './connect-options.ts';

/** The number in the first of the settings that is there. INVALID_CONFIG. */
export function numberSetting(settings: Settings, ...names: readonly string[]): number | undefined {
  const name = names.find((each) => settings[each] !== undefined);
  const text = name === undefined ? undefined : settings[name];
  if (name === undefined || text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw invalid(name, text, 'a whole number');
}

/** A setting with few values. INVALID_CONFIG. */
export function oneOfSetting<T extends string>(settings: Settings, name: string, allowed: readonly T[]): T | undefined {
  const text = settings[name];
  if (text === undefined) return undefined;
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw invalid(name, text, `one of ${allowed.join(', ')}`);
  return found;
}

function invalid(name: string, text: string, wanted: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', `${name} must be ${wanted}, not "${text}".`, { context: { option: name } });
}
