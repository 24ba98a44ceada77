/** Whom a quota is for, and which quotas there are (KIP-13, KIP-546). */

import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';

export const USER = 'user';
export const CLIENT_ID = 'client-id';
export const IP = 'ip';

/** Names by type; null is the default of the type. */
export type QuotaEntity = ReadonlyMap<string, string | null>;

/** Quotas of users and clients, and whether they are whole numbers. */
const CLIENT_QUOTAS: ReadonlyMap<string, boolean> = new Map([
  ['producer_byte_rate', true],
  ['consumer_byte_rate', true],
  ['request_percentage', false],
  ['controller_mutation_rate', false],
]);
const IP_QUOTAS: ReadonlyMap<string, boolean> = new Map([['connection_creation_rate', true]]);

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

/** Throws KafkaProtocolError as Kafka's `ClientQuotaControlManager` does. */
export function checkedEntity(parts: readonly { readonly entityType: string; readonly entityName: string | null }[]): QuotaEntity {
  if (parts.length === 0) throw invalid('Invalid empty client quota entity');
  const entity = new Map<string, string | null>();
  for (const { entityType, entityName } of parts) {
    if (![USER, CLIENT_ID, IP].includes(entityType)) throw invalid(`Unhandled client quota entity type: ${entityType}`);
    if (entity.has(entityType)) throw invalid(`Invalid client quota entity, duplicate entity type: ${entityType}`);
    if (entityName === '') throw invalid(`Empty ${entityType} not supported`);
    entity.set(entityType, entityName);
  }
  if (entity.has(IP) && entity.size > 1) {
    throw invalid('Invalid quota entity combination, IP entity should not be combined with User or ClientId');
  }
  return entity;
}

/** Throws KafkaProtocolError when the entity cannot have such a quota. */
export function checkQuota(entity: QuotaEntity, key: string, value: number): void {
  const whole = (entity.has(IP) ? IP_QUOTAS : CLIENT_QUOTAS).get(key);
  if (whole === undefined) throw invalid(`Invalid configuration key ${key}`);
  if (!(value > 0)) throw invalid(`Quota ${key} must be greater than 0`);
  if (whole && !Number.isInteger(value)) throw invalid(`Configuration ${key} must be a Long value`);
}
