/** AlterConfigs and IncrementalAlterConfigs: from what a client asks to a new set of configs, checked as Kafka checks it. */

import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';
import { BROKER_CONFIGS } from './broker-configs.ts';
import { CLUSTER_DEFAULT, type Config } from './config-store.ts';
import { type ConfigDefinition, type ConfigTable, checkConfigValue, splitList } from './definition.ts';

/** Kafka's `AlterConfigOp.OpType`. */
const SET = 0;
const DELETE = 1;
export const APPEND = 2;
export const SUBTRACT = 3;

export interface ConfigChange {
  readonly name: string;
  readonly operation: number;
  readonly value: string | null;
}

/**
 * `current` with the changes. `inForce` gives the value that lists are added to or taken from. Throws KafkaProtocolError.
 */
export function applyChanges(
  table: ConfigTable,
  current: Config,
  changes: readonly ConfigChange[],
  inForce: (definition: ConfigDefinition) => string | null,
): Record<string, string> {
  const result: Record<string, string> = { ...current };
  const seen = new Set<string>();
  for (const { name, operation, value } of changes) {
    if (seen.has(name)) throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Error due to duplicate config keys: ${name}`);
    seen.add(name);
    if (operation === DELETE) {
      delete result[name];
      continue;
    }
    if (value === null) throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${name}`);
    const definition = table.get(name);
    switch (operation) {
      case SET:
        result[name] = value;
        break;
      case APPEND:
      case SUBTRACT:
        if (definition?.type !== 'LIST') {
          throw new KafkaProtocolError(
            ErrorCode.INVALID_CONFIG,
            `Config value ${operation === APPEND ? 'append' : 'subtract'} is not allowed for config key: ${name}`,
          );
        }
        result[name] = changeList(inForce(definition) ?? '', value, operation === APPEND);
        break;
      default:
        throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Unknown operation type ${operation} for config key: ${name}`);
    }
  }
  return result;
}

/** What AlterConfigs sets: exactly these. Null leaves the default. */
export function replaceAll(configs: readonly { readonly name: string; readonly value: string | null }[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { name, value } of configs) {
    if (value === null) throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${name}`);
    result[name] = value;
  }
  return result;
}

function changeList(current: string, change: string, append: boolean): string {
  const elements = splitList(current);
  const changed = splitList(change);
  if (!append) return elements.filter((element) => !changed.includes(element)).join(',');
  return [...elements, ...changed.filter((element) => !elements.includes(element))].join(',');
}

/** Throws INVALID_CONFIG for a name or value that the table does not allow. */
export function checkAgainst(table: ConfigTable, kind: string, config: Config): void {
  for (const [name, value] of Object.entries(config)) {
    const definition = table.get(name);
    if (definition === undefined) throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, `Unknown ${kind} config name: ${name}`);
    const problem = checkConfigValue(definition, value);
    if (problem !== undefined) throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, problem);
  }
}

/** Dynamic broker configs: only some can change, and some of them for one broker only. Throws KafkaProtocolError. */
export function checkDynamicBrokerConfig(brokerName: string, config: Config): void {
  for (const name of Object.keys(config)) {
    const dynamic = BROKER_CONFIGS.get(name)?.limits.dynamic;
    if (dynamic === undefined)
      throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Cannot update these configs dynamically: Set(${name})`);
    if (dynamic === 'per-broker' && brokerName === CLUSTER_DEFAULT) {
      throw new KafkaProtocolError(
        ErrorCode.INVALID_REQUEST,
        `Cannot update security configs at default cluster level, broker id must be specified: Set(${name})`,
      );
    }
  }
  checkAgainst(BROKER_CONFIGS, 'broker', config);
}
