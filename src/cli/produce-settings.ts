import { MillraceError } from '../errors.ts';
import { COMPRESSION_NAMES, type CompressionName, type Headers } from '../protocol/index.ts';
import { usageError } from './command.ts';
import type { ProduceOptions } from './commands/produce.ts';
import type { Settings } from './connect-options.ts';
import { withEscapes } from './records/escapes.ts';
import { DEFAULT_FORMAT } from './records/field-formats.ts';
import type { LineOptions } from './records/line-records.ts';
import type { SenderOptions } from './records/sender.ts';

const DEFAULTS = { batchBytes: 262_144, lingerMs: 5, transactionTimeoutMs: 60_000 };
const ACKS: Readonly<Record<string, -1 | 0 | 1>> = { all: -1, '-1': -1, '0': 0, '1': 1 };

/** How records are written: the command's options, then Kafka's producer settings (-X and file), then the defaults. */
export function senderOptions(options: ProduceOptions, settings: Settings): SenderOptions {
  const acks = options.acks ?? acksOf(settings['acks'] ?? settings['request.required.acks']);
  const transactionalId = options.transactionalId ?? settings['transactional.id'];
  const wanted = options.idempotent ?? booleanOf(settings['enable.idempotence']);
  const idempotent = wanted ?? (transactionalId !== undefined || acks === undefined || acks === -1);
  if (acks !== undefined && acks !== -1 && (wanted === true || transactionalId !== undefined))
    throw usageError('Idempotent and transactional producers need --acks all; leave out --acks.');
  if (!idempotent && transactionalId !== undefined)
    throw usageError('A transaction needs an idempotent producer; leave out --no-idempotent.');
  if (options.transactionRecords !== undefined && transactionalId === undefined)
    throw usageError('--transaction-records needs --transactional-id.');
  return {
    acks: acks ?? -1,
    compression: options.compression ?? compressionOf(settings['compression.type'] ?? settings['compression.codec']),
    idempotent,
    transactionalId,
    transactionTimeoutMs: options.transactionTimeout ?? numberOf(settings, 'transaction.timeout.ms') ?? DEFAULTS.transactionTimeoutMs,
    lingerMs: options.linger ?? numberOf(settings, 'linger.ms') ?? numberOf(settings, 'queue.buffering.max.ms') ?? DEFAULTS.lingerMs,
    batchBytes: options.batchSize ?? numberOf(settings, 'batch.size') ?? DEFAULTS.batchBytes,
    createTopic: options.create !== false,
  };
}

/** How lines are read: the command's options, then the properties of Kafka's LineMessageReader, then the defaults. */
export function lineOptions(options: ProduceOptions): LineOptions {
  const { property = {} } = options;
  const keySeparator =
    options.keySeparator ?? (property['parse.key'] === 'true' ? withEscapes(property['key.separator'] ?? '\t') : undefined);
  const nullMarker = options.nullMarker ?? (property['null.marker'] === undefined ? undefined : Buffer.from(property['null.marker']));
  return {
    json: (options.inputFormat ?? (options.json === true ? 'json' : 'lines')) === 'json',
    keyFormat: options.keyFormat ?? DEFAULT_FORMAT,
    valueFormat: options.valueFormat ?? DEFAULT_FORMAT,
    keySeparator,
    headersDelimiter: property['parse.headers'] === 'true' ? withEscapes(property['headers.delimiter'] ?? '\t') : undefined,
    headersSeparator: property['headers.separator'] ?? ',',
    headersKeySeparator: property['headers.key.separator'] ?? ':',
    emptyIsNull: options.nullEmpty === true,
    nullMarker,
    defaults: {
      partition: options.partition,
      timestampMs: options.timestamp,
      key: options.key === undefined ? null : (options.keyFormat ?? DEFAULT_FORMAT).fromText(Buffer.from(options.key)),
      value: null,
      headers: (options.header ?? []).map(headerOf),
    },
  };
}

/** `name=value`, or kcat's `name` alone for a null value. */
function headerOf(text: string): Headers[number] {
  const at = text.indexOf('=');
  return at < 0 ? [text, null] : [text.slice(0, at), Buffer.from(text.slice(at + 1))];
}

function acksOf(text: string | undefined): -1 | 0 | 1 | undefined {
  if (text === undefined) return undefined;
  return ACKS[text] ?? fail('acks', text, '0, 1 or all');
}

function compressionOf(text = 'none'): CompressionName {
  return COMPRESSION_NAMES.find((name) => name === text) ?? fail('compression.type', text, COMPRESSION_NAMES.join(', '));
}

function booleanOf(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  return text === 'true' || (text === 'false' ? false : fail('enable.idempotence', text, 'true or false'));
}

function numberOf(settings: Settings, name: string): number | undefined {
  const text = settings[name];
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : fail(name, text, 'a whole number');
}

function fail(name: string, text: string, wanted: string): never {
  throw new MillraceError('INVALID_CONFIG', `${name} must be ${wanted}, not "${text}".`, { context: { option: name } });
}
