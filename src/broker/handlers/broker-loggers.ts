/** The resource type BROKER_LOGGER: log levels as configs. This broker has one logger, the root of all. */

import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';
import { type ConfigTable, configTable } from '../configs/definition.ts';
import { ConfigSource, type DescribedConfig } from '../configs/describe.ts';
import { type BrokerLogger, hasLevel, type LogLevel } from '../logger.ts';
import type { ConfigResource } from './config-resources.ts';

const ROOT = 'root';

/** Kafka's `LogLevelConfig.VALID_LOG_LEVELS`, and what they are here. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['TRACE', 'debug'],
  ['DEBUG', 'debug'],
  ['INFO', 'info'],
  ['WARN', 'warn'],
  ['ERROR', 'error'],
  ['FATAL', 'silent'],
]);

export const BROKER_LOGGERS: ConfigTable = configTable([[ROOT, 'STRING', null, { dynamic: 'per-broker' }]]);

/** Throws KafkaProtocolError when the name is not that of the node that was asked. */
export function brokerLoggerResource(log: BrokerLogger, name: string, nodeId: number): ConfigResource {
  if (name === '') throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, 'Broker id must not be empty');
  if (Number(name) !== nodeId) {
    throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Unexpected broker id, expected ${nodeId} but received ${name}`);
  }
  const level = levelOf(log);
  return {
    table: BROKER_LOGGERS,
    own: { [ROOT]: level },
    describe: () => [described(level)],
    check: (config) => {
      const unknown = Object.keys(config).find((logger) => logger !== ROOT);
      if (unknown !== undefined) throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, `Logger ${unknown} does not exist!`);
      const wanted = config[ROOT];
      if (wanted === undefined) {
        throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Removing the log level of the ${ROOT} logger is not allowed`);
      }
      if (!LEVELS.has(wanted)) {
        const valid = [...LEVELS.keys()].join(', ');
        throw new KafkaProtocolError(
          ErrorCode.INVALID_CONFIG,
          `Cannot set the log level of ${ROOT} to ${wanted} as it is not a supported log level. Valid log levels are ${valid}`,
        );
      }
    },
    set: (config) => {
      const next = LEVELS.get(config[ROOT] ?? '');
      if (next !== undefined && hasLevel(log)) log.level = next;
    },
  };
}

/** The level's name in Kafka. A logger of somebody's own shows everything, as far as we know. */
function levelOf(log: BrokerLogger): string {
  const level = hasLevel(log) ? log.level : 'debug';
  return [...LEVELS].findLast(([, known]) => known === level)?.[0] ?? 'INFO';
}

function described(value: string): DescribedConfig {
  const definition = BROKER_LOGGERS.get(ROOT)!;
  return { name: ROOT, value, source: ConfigSource.DYNAMIC_BROKER_LOGGER, definition, readOnly: false, sensitive: false, synonyms: [] };
}
