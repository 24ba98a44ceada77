/** How a config is described and checked. The rules and the wording of the messages are Kafka's `ConfigDef`. */

export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

export interface ConfigLimits {
  /** Smallest value allowed. */
  readonly min?: number;
  /** Largest value allowed. */
  readonly max?: number;
  /** A value that is allowed outside of `min` and `max`. */
  readonly or?: string;
  /** Values allowed; for a list, the elements allowed. */
  readonly oneOf?: readonly string[];
  readonly ignoreCase?: boolean;
  /** Can be changed while the broker runs. Absent: only when it starts (read-only in DescribeConfigs). */
  readonly dynamic?: 'cluster-wide' | 'per-broker';
}

/** One line of a table: name, type, default (null: none), limits. */
export type ConfigRow = readonly [name: string, type: ConfigType, defaultValue: string | null, limits?: ConfigLimits];

export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  readonly defaultValue: string | null;
  readonly limits: ConfigLimits;
  /** One sentence for people, in DescribeConfigs. */
  readonly documentation: string | null;
}

export type ConfigTable = ReadonlyMap<string, ConfigDefinition>;

export function configTable(rows: readonly ConfigRow[], documentation: Readonly<Record<string, string>> = {}): ConfigTable {
  const table = new Map<string, ConfigDefinition>();
  for (const [name, type, defaultValue, limits = {}] of rows) {
    table.set(name, { name, type, defaultValue, limits, documentation: documentation[name] ?? null });
  }
  return table;
}

/** The numbers DescribeConfigs uses for {@link ConfigType}. */
export const CONFIG_TYPE_CODE: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
};

export function splitList(value: string): string[] {
  return value.trim() === '' ? [] : value.split(',').map((element) => element.trim());
}

const INTEGER_LIMITS: Partial<Record<ConfigType, readonly [min: bigint, max: bigint]>> = {
  INT: [-(2n ** 31n), 2n ** 31n - 1n],
  SHORT: [-(2n ** 15n), 2n ** 15n - 1n],
  LONG: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** What is wrong with a value; undefined when nothing is. */
export function checkConfigValue(definition: ConfigDefinition, value: string): string | undefined {
  const { name, type, limits } = definition;
  if (limits.or === value) return undefined;
  const invalid = (reason: string): string => `Invalid value ${value} for configuration ${name}: ${reason}`;
  if (type === 'BOOLEAN') {
    return /^(true|false)$/i.test(value.trim()) ? undefined : invalid('Expected value to be either true or false');
  }
  const integerLimits = INTEGER_LIMITS[type];
  if (integerLimits !== undefined) {
    const text = value.trim();
    const parsed = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
    if (parsed === undefined || parsed < integerLimits[0] || parsed > integerLimits[1]) {
      return invalid(`Not a number of type ${type}`);
    }
    return checkRange(Number(parsed), limits, invalid);
  }
  if (type === 'DOUBLE') {
    const parsed = value.trim() === '' ? Number.NaN : Number(value);
    return Number.isNaN(parsed) ? invalid(`Not a number of type ${type}`) : checkRange(parsed, limits, invalid);
  }
  return checkNames(definition, value, invalid);
}

function checkRange(value: number, limits: ConfigLimits, invalid: (reason: string) => string): string | undefined {
  if (limits.min !== undefined && value < limits.min) return invalid(`Value must be at least ${limits.min}`);
  if (limits.max !== undefined && value > limits.max) return invalid(`Value must be no more than ${limits.max}`);
  return undefined;
}

function checkNames({ type, limits }: ConfigDefinition, value: string, invalid: (reason: string) => string): string | undefined {
  const allowed = limits.oneOf;
  if (allowed === undefined) return undefined;
  const elements = type === 'LIST' ? splitList(value) : [value];
  for (const element of elements) {
    if (!allowed.includes(limits.ignoreCase === true ? element.toLowerCase() : element)) {
      return invalid(`String must be one of: ${allowed.join(', ')}`);
    }
  }
  return undefined;
}
