import { COMPRESSION_NAMES, type CompressionName, type Headers } from '../protocol/index.ts';
import { usageError } from './command.ts';
import type { ProduceOptions } from './commands/produce.ts';
import type { Settings } from './connect-options.ts';
import { withEscapes } from './records/escapes.ts';
import { DEFAULT_FORMAT } from './records/field-formats.ts';
import type { LineOptions } from './records/line-records.ts';
import type { SenderOptions } from './records/sender.ts';
import { numberSetting, oneOfSetting } from './settings.ts';

const DEFAULTS = { batchBytes: 262_144, lingerMs: 5, deliveryTimeoutMs: 120_000 };
const ACKS: Readonly<Record<string, -1 | 0 | 1>> = { all: -1, '-1': -1, '0': 0, '1': 1 };

/** How records are written: the command's options, then Kafka's producer settings (-X and file), then the defaults. */
export function senderOptions(options: ProduceOptions, settings: Settings): SenderOptions {
  const acks = options.acks ?? acksSetting(settings);
  const transactionalId = options.transactionalId ?? settings['transactional.id'];
  const wanted = options.idempotent ?? idempotenceSetting(settings);
  const idempotent = wanted ?? (transactionalId !== undefined || acks === undefined || acks === -1);
  if (acks !== undefined && acks !== -1 && (wanted === true || transactionalId !== undefined))
    throw usageError('Idempotent and transactional producers need --acks all; leave out --acks.');
  if (!idempotent && transactionalId !== undefined)
    throw usageError('A transaction needs an idempotent producer; leave out --no-idempotent.');
  if (options.transactionRecords !== undefined && transactionalId === undefined)
    throw usageError('--transaction-records needs --transactional-id.');
  const transactionTimeoutMs = options.transactionTimeout ?? numberSetting(settings, 'transaction.timeout.ms');
  const maxRequestBytes = numberSetting(settings, 'max.request.size', 'message.max.bytes');
  const deliveryTimeoutMs = options.timeout ?? numberSetting(settings, 'delivery.timeout.ms', 'message.timeout.ms');
  return {
    producing: {
      acks: acks ?? -1,
      idempotent,
      deliveryTimeoutMs: deliveryTimeoutMs ?? DEFAULTS.deliveryTimeoutMs,
      ...(transactionalId !== undefined && { transactionalId }),
      ...(transactionTimeoutMs !== undefined && { transactionTimeoutMs }),
      ...(maxRequestBytes !== undefined && { maxRequestBytes }),
    },
    compression: options.compression ?? compressionSetting(settings),
    lingerMs: options.linger ?? numberSetting(settings, 'linger.ms', 'queue.buffering.max.ms') ?? DEFAULTS.lingerMs,
    batchBytes: options.batchSize ?? numberSetting(settings, 'batch.size') ?? DEFAULTS.batchBytes,
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

function acksSetting(settings: Settings): -1 | 0 | 1 | undefined {
  const name = settings['acks'] === undefined ? 'request.required.acks' : 'acks';
  const text = oneOfSetting(settings, name, ['all', '-1', '0', '1'] as const);
  return text === undefined ? undefined : ACKS[text];
}

function compressionSetting(settings: Settings): CompressionName {
  const name = settings['compression.type'] === undefined ? 'compression.codec' : 'compression.type';
  return oneOfSetting(settings, name, COMPRESSION_NAMES) ?? 'none';
}

function idempotenceSetting(settings: Settings): boolean | undefined {
  const text = oneOfSetting(settings, 'enable.idempotence', ['true', 'false'] as const);
  return text === undefined ? undefined : text === 'true';
}
