/** DescribeAcls, CreateAcls and DeleteAcls, versions 1 to 3 each, with the checks of Kafka's `AclApis` and `AclControlManager`. */

import {
  CreateAcls,
  DeleteAcls,
  DescribeAcls,
  ErrorCode,
  KafkaProtocolError,
  type RequestOf,
  type ResponseInput,
} from '../../../protocol/index.ts';
import { type HandlerMap, handle } from '../../coordinator/handler-map.ts';
import { ConnectionFault } from '../../server/connection.ts';
import type { AclStore } from './acl-store.ts';
import type { AclBinding, AclFilter } from './binding.ts';
import { CLUSTER_NAME, nameOf, Operation, PatternType, Permission, ResourceType } from './constants.ts';

type Creation = RequestOf<typeof CreateAcls>['creations'][number];
type Filter = RequestOf<typeof DescribeAcls>;
type DescribedResource = ResponseInput<typeof DescribeAcls>['resources'][number];
type DeleteResult = ResponseInput<typeof DeleteAcls>['filterResults'][number];

/** What Kafka says where all is well. */
const NO_MESSAGE = '';

/** Name of every number that has none. */
const UNKNOWN = 'UNKNOWN';

/** Changes that one request may make, as in Kafka's controller. */
const MAX_CHANGES = 10_000;

/** `acls` is undefined without an authorizer; then all three say so, as Kafka does. */
export function addAclHandlers(handlers: HandlerMap, acls: AclStore | undefined): void {
  const store = (): AclStore => {
    if (acls !== undefined) return acls;
    throw new KafkaProtocolError(ErrorCode.SECURITY_DISABLED, 'No Authorizer is configured.');
  };
  handle(handlers, DescribeAcls, (request) => ({
    errorCode: ErrorCode.NONE,
    errorMessage: NO_MESSAGE,
    resources: resourcesOf(store().find(filterOf(request))),
  }));
  handle(handlers, CreateAcls, (request) => ({ results: create(request.creations, store()) }));
  handle(handlers, DeleteAcls, (request) => ({ filterResults: remove(request.filters, store()) }));
}

/** ACLs of one pattern go together. */
function resourcesOf(acls: readonly AclBinding[]): DescribedResource[] {
  const byPattern = new Map<string, AclBinding[]>();
  for (const acl of acls) {
    const key = `${acl.resourceType} ${acl.patternType} ${acl.resourceName}`;
    const group = byPattern.get(key);
    if (group === undefined) byPattern.set(key, [acl]);
    else group.push(acl);
  }
  return [...byPattern.values()].map((group) => {
    const { resourceType, resourceName, patternType } = group[0]!;
    const entries = group.map(({ principal, host, operation, permissionType }) => ({ principal, host, operation, permissionType }));
    return { resourceType, resourceName, patternType, acls: entries };
  });
}

function create(creations: readonly Creation[], store: AclStore): { errorCode: number; errorMessage: string }[] {
  checkCount(creations.length);
  const bindings = creations.map(bindingOf);
  return bindings.map((acl) => {
    const problem = problemOf(acl);
    if (problem !== undefined) return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: problem };
    store.add(acl);
    return { errorCode: ErrorCode.NONE, errorMessage: NO_MESSAGE };
  });
}

function bindingOf(creation: Creation): AclBinding {
  const { resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType } = creation;
  const acl = { resourceType, resourceName, patternType: resourcePatternType, principal, host, operation, permissionType };
  return checkKnown(acl, 'CreateAcls');
}

function problemOf(acl: AclBinding): string | undefined {
  const { resourceType, resourceName, patternType, operation, permissionType, principal } = acl;
  if (resourceType === ResourceType.CLUSTER && resourceName !== CLUSTER_NAME) {
    return `The only valid name for the CLUSTER resource is ${CLUSTER_NAME}`;
  }
  if (resourceName === '') return 'Invalid empty resource name';
  if (!isOneOf(resourceType, ResourceType)) return `Invalid resourceType ${nameOf(ResourceType, resourceType)}`;
  if (patternType !== PatternType.LITERAL && patternType !== PatternType.PREFIXED)
    return `Invalid patternType ${nameOf(PatternType, patternType)}`;
  if (!isOneOf(operation, Operation)) return `Invalid operation ${nameOf(Operation, operation)}`;
  if (!isOneOf(permissionType, Permission)) return `Invalid permissionType ${nameOf(Permission, permissionType)}`;
  if (!principal.includes(':')) {
    return `Could not parse principal from \`${principal}\` (no colon is present separating the principal type from the principal name)`;
  }
  return undefined;
}

/** Whether a number names one thing: it is known, and not ANY. */
function isOneOf(value: number, table: { readonly ANY: number; readonly [name: string]: number }): boolean {
  return value !== table.ANY && nameOf(table, value) !== UNKNOWN;
}

function remove(requested: readonly Filter[], store: AclStore): DeleteResult[] {
  const filters = requested.map(filterOf);
  const found = filters.map((filter) => (problemOfFilter(filter) === undefined ? store.find(filter) : []));
  checkCount(found.reduce((count, acls) => count + acls.length, 0));
  for (const acl of found.flat()) store.delete(acl);
  return filters.map((filter, index): DeleteResult => {
    const problem = problemOfFilter(filter);
    if (problem !== undefined) return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: problem, matchingAcls: [] };
    const matchingAcls = found[index]!.map((acl) => ({ errorCode: ErrorCode.NONE, errorMessage: null, ...acl }));
    return { errorCode: ErrorCode.NONE, errorMessage: null, matchingAcls };
  });
}

function problemOfFilter({ resourceType, patternType, operation, permissionType }: AclFilter): string | undefined {
  if (nameOf(ResourceType, resourceType) === UNKNOWN || nameOf(PatternType, patternType) === UNKNOWN) return 'Unknown patternFilter.';
  if (nameOf(Operation, operation) === UNKNOWN || nameOf(Permission, permissionType) === UNKNOWN) return 'Unknown entryFilter.';
  return undefined;
}

function filterOf(filter: Filter): AclFilter {
  const { resourceTypeFilter, resourceNameFilter, patternTypeFilter, principalFilter, hostFilter, operation, permissionType } = filter;
  return checkKnown(
    {
      resourceType: resourceTypeFilter,
      resourceName: resourceNameFilter,
      patternType: patternTypeFilter,
      principal: principalFilter,
      host: hostFilter,
      operation,
      permissionType,
    },
    'an ACL filter',
  );
}

type Numbers = Pick<AclBinding, 'resourceType' | 'patternType' | 'operation' | 'permissionType'>;

/** 0, which stands for what is not known, makes the whole request one that cannot be read, which ends the connection. */
function checkKnown<T extends Numbers>(acl: T, where: string): T {
  const numbers = [acl.resourceType, acl.patternType, acl.operation, acl.permissionType];
  if (numbers.includes(0)) throw new ConnectionFault(`${where} contains UNKNOWN elements`);
  return acl;
}

function checkCount(changes: number): void {
  if (changes <= MAX_CHANGES) return;
  throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Cannot change more than ${MAX_CHANGES} ACLs in a single request.`);
}
