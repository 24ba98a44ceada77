import {
  type AlterClientQuotas,
  type DescribeClientQuotas,
  ErrorCode,
  KafkaProtocolError,
  type RequestOf,
  type ResponseInput,
} from '../../protocol/index.ts';
import { CLIENT_ID, checkEntity, ENFORCED, entityKey, entityOf, entityText, IP, type QuotaEntity, USER } from '../quotas/quota-entity.ts';
import type { HandlerDeps } from './deps.ts';
import { failureOf } from './failure.ts';

type DescribeRequest = RequestOf<typeof DescribeClientQuotas>;
type DescribeResponse = ResponseInput<typeof DescribeClientQuotas>;
type Component = DescribeRequest['components'][number];
type AlterRequest = RequestOf<typeof AlterClientQuotas>;
type AlterResponse = ResponseInput<typeof AlterClientQuotas>;

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;

/** DescribeClientQuotas, versions 0 and 1 (KIP-546). */
export function describeClientQuotasHandler(deps: HandlerDeps) {
  return ({ components, strict }: DescribeRequest): DescribeResponse => {
    checkComponents(components);
    const matching = deps.quotas.all().filter(({ entity }) => {
      return components.every((component) => matches(entity, component)) && (!strict || entity.size === components.length);
    });
    const entries = matching.map(({ entity, values }) => ({
      entity: [...entity].map(([entityType, entityName]) => ({ entityType, entityName })),
      values: [...values].map(([key, value]) => ({ key, value })),
    }));
    // Kafka's message of no error, which is not null here.
    return { errorCode: ErrorCode.NONE, errorMessage: '', entries };
  };
}

/** As Kafka's `ClientQuotasImage.describe`. */
function checkComponents(components: readonly Component[]): void {
  const invalid = (message: string): KafkaProtocolError => new KafkaProtocolError(ErrorCode.INVALID_REQUEST, message);
  const types = components.map(({ entityType }) => entityType);
  for (const { entityType, matchType, match } of components) {
    if (entityType === '') throw invalid('Invalid empty entity type.');
    if (types.filter((type) => type === entityType).length > 1)
      throw invalid(`Entity type ${entityType} cannot appear more than once in the filter.`);
    if (![USER, CLIENT_ID, IP].includes(entityType)) {
      throw new KafkaProtocolError(ErrorCode.UNSUPPORTED_VERSION, `Unsupported entity type ${entityType}`);
    }
    if (matchType === EXACT && match === null) throw invalid('Request specified MATCH_TYPE_EXACT, but set match string to null.');
    if (matchType === DEFAULT && match !== null) throw invalid('Request specified MATCH_TYPE_DEFAULT, but also specified a match string.');
    if (matchType === ANY && match !== null) throw invalid('Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.');
    if (matchType < EXACT || matchType > ANY) throw invalid(`Unknown match type ${matchType}`);
  }
  if (types.includes(IP) && types.length > 1) {
    throw invalid(
      'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.',
    );
  }
}

function matches(entity: QuotaEntity, { entityType, matchType, match }: Component): boolean {
  if (!entity.has(entityType)) return false;
  if (matchType === ANY) return true;
  return entity.get(entityType) === (matchType === DEFAULT ? null : match);
}

/**
 * AlterClientQuotas, versions 0 and 1. `producer_byte_rate` and `consumer_byte_rate` make the broker throttle; the other
 * quotas are kept and described, and have no effect here.
 */
export function alterClientQuotasHandler(deps: HandlerDeps) {
  return ({ entries, validateOnly }: AlterRequest): AlterResponse => ({
    entries: entries.map(({ entity: parts, ops }, index) => {
      const entity = [...entityOf(parts)].map(([entityType, entityName]) => ({ entityType, entityName }));
      try {
        refuseRepetition(entries, index);
        checkEntity(entityOf(parts));
        deps.quotas.alter(entityOf(parts), ops, validateOnly);
        for (const { key, remove } of ops) {
          if (!remove && !ENFORCED.has(key)) deps.log.warn(`The quota ${key} is kept, but this broker does not enforce it.`);
        }
        return { errorCode: ErrorCode.NONE, entity };
      } catch (error) {
        const { code, message } = failureOf(deps, 'altering quotas', error);
        return { errorCode: code, errorMessage: message, entity };
      }
    }),
  });
}

/** Of an entity that comes again only the first entry counts, and of one that names a quota twice nothing does. */
function refuseRepetition(entries: AlterRequest['entries'], index: number): void {
  const { entity: parts, ops } = entries[index]!;
  const entity = entityOf(parts);
  const repeated = entries.slice(0, index).some((earlier) => entityKey(entityOf(earlier.entity)) === entityKey(entity));
  if (!repeated && new Set(ops.map(({ key }) => key)).size === ops.length) return;
  throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Ignoring duplicate entity ${entityText(entity)}`);
}
