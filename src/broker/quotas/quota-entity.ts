/** Whom a quota is for, and which quotas there are (KIP-13, KIP-546). */

import { isIP } from 'node:net';
import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';

export const USER = 'user';
export const CLIENT_ID = 'client-id';
export const IP = 'ip';

/** Names by type; null is the default of the type. */
export type QuotaEntity = ReadonlyMap<string, string | null>;

type QuotaType = 'DOUBLE' | 'INT' | 'LONG';

const CLIENT_QUOTAS: ReadonlyMap<string, QuotaType> = new Map([
  ['producer_byte_rate', 'LONG'],
  ['consumer_byte_rate', 'LONG'],
  ['request_percentage', 'DOUBLE'],
  ['controller_mutation_rate', 'DOUBLE'],
]);
const IP_QUOTAS: ReadonlyMap<string, QuotaType> = new Map([['connection_creation_rate', 'INT']]);
const LARGEST: Readonly<Record<QuotaType, number>> = { DOUBLE: Infinity, INT: 2 ** 31 - 1, LONG: 2 ** 63 };

/** The quotas that make this broker throttle; the others are kept and shown. */
export const ENFORCED: ReadonlySet<string> = new Set(['producer_byte_rate', 'consumer_byte_rate']);

/** The same text for the same entity. */
export function entityKey(entity: QuotaEntity): string {
  return JSON.stringify([...entity].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function entityOfKey(key: string): QuotaEntity {
  return new Map(JSON.parse(key) as [string, string | null][]);
}

function invalid(message: string): KafkaProtocolError {
  return new KafkaProtocolError(ErrorCode.INVALID_REQUEST, message);
}

/** Of a type that is named twice the last name counts, as in Kafka, which makes a map of them. */
export function entityOf(parts: readonly { readonly entityType: string; readonly entityName: string | null }[]): QuotaEntity {
  return new Map(parts.map(({ entityType, entityName }) => [entityType, entityName]));
}

/** Throws KafkaProtocolError in the words of Kafka's `ClientQuotaControlManager`. */
export function checkEntity(entity: QuotaEntity): void {
  if (entity.size === 0) throw invalid('Invalid empty client quota entity');
  for (const [type, name] of entity) {
    if (![USER, CLIENT_ID, IP].includes(type)) throw invalid(`Unhandled client quota entity type: ${type}`);
    if (name === '') throw invalid(`Empty ${type} not supported`);
  }
  const ip = entity.get(IP);
  // Kafka leaves the space out too.
  if (ip !== undefined && entity.size > 1) {
    throw invalid('Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId');
  }
  if (typeof ip === 'string' && isIP(ip) === 0 && ip !== 'localhost') throw invalid(`${ip} is not a valid IP or resolvable host.`);
}

/** Throws KafkaProtocolError when the entity cannot have such a quota. */
export function checkQuota(entity: QuotaEntity, key: string, value: number): void {
  const type = (entity.has(IP) ? IP_QUOTAS : CLIENT_QUOTAS).get(key);
  if (type === undefined) throw invalid(`Invalid configuration key ${key}`);
  if (!(value > 0)) throw invalid(`Quota ${key} must be greater than 0`);
  if (value > LARGEST[type]) throw invalid(`Proposed value for ${key} is too large for ${type === 'INT' ? 'an INT' : 'a LONG'}.`);
  if (type !== 'DOUBLE' && !Number.isInteger(value)) throw invalid(`${key} cannot be a fractional value.`);
}

/** As Kafka's messages show it. */
export function entityText(entity: QuotaEntity): string {
  const entries = [...entity].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, name]) => `${type}=${name}`);
  return `ClientQuotaEntity(entries={${entries.join(', ')}})`;
}
