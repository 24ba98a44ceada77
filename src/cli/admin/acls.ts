import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { CreateAcls, DeleteAcls, DescribeAcls, ErrorCode } from '../../protocol/index.ts';
import { type AclOptions, type AclResource, resourcesOf } from '../acl-options.ts';
import { printTable } from '../output.ts';
import { OPERATIONS, PATTERN_TYPES, PERMISSIONS, RESOURCE_TYPES, wordOf } from './acl-words.ts';

/** An access control entry; numbers are Kafka's. */
export interface Acl {
  readonly resource: AclResource;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permission: number;
}

/** Null matches anything. */
interface AclFilter {
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

/** Every combination of the resources, principals and operations that are named. */
export function filtersOf(options: AclOptions): AclFilter[] {
  const resources = resourcesOf(options);
  const named: readonly { readonly type: number; readonly name: string | null }[] =
    resources.length === 0 ? [{ type: RESOURCE_TYPES.any, name: null }] : resources;
  const patternTypeFilter = options.patternType ?? (resources.length === 0 ? PATTERN_TYPES.any : PATTERN_TYPES.literal);
  const operations = options.operation ?? [OPERATIONS.any];
  return named.flatMap(({ type, name }) =>
    (options.principal ?? [null]).flatMap((principalFilter) =>
      operations.map((operation) => ({
        resourceTypeFilter: type,
        resourceNameFilter: name,
        patternTypeFilter,
        principalFilter,
        hostFilter: null,
        operation,
        permissionType: PERMISSIONS.any,
      })),
    ),
  );
}

export async function describeAcls(client: KafkaClient, filters: readonly AclFilter[]): Promise<Acl[]> {
  const found = new Map<string, Acl>();
  for (const filter of filters) {
    const { errorCode, errorMessage, resources } = await client.request(DescribeAcls, filter, 'any');
    if (errorCode !== ErrorCode.NONE) throw kafkaFailure(errorCode, 'Listing ACLs', { message: securityMessage(errorCode, errorMessage) });
    for (const { resourceType, resourceName, patternType, acls } of resources) {
      for (const { principal, host, operation, permissionType } of acls) {
        const acl = {
          resource: { type: resourceType, name: resourceName },
          patternType,
          principal,
          host,
          operation,
          permission: permissionType,
        };
        found.set(JSON.stringify(acl), acl);
      }
    }
  }
  return [...found.values()];
}

export async function createAcls(client: KafkaClient, acls: readonly Acl[]): Promise<void> {
  const { results } = await client.request(
    CreateAcls,
    {
      creations: acls.map(({ resource, patternType, principal, host, operation, permission }) => ({
        resourceType: resource.type,
        resourceName: resource.name,
        resourcePatternType: patternType,
        principal,
        host,
        operation,
        permissionType: permission,
      })),
    },
    'controller',
  );
  const failed = results.find(({ errorCode }) => errorCode !== ErrorCode.NONE);
  if (failed !== undefined)
    throw kafkaFailure(failed.errorCode, 'Adding ACLs', { message: securityMessage(failed.errorCode, failed.errorMessage) });
}

/** Resolves with what was deleted. */
export async function deleteAcls(client: KafkaClient, filters: readonly AclFilter[]): Promise<Acl[]> {
  const { filterResults } = await client.request(DeleteAcls, { filters }, 'controller');
  return filterResults.flatMap(({ errorCode, errorMessage, matchingAcls }) => {
    if (errorCode !== ErrorCode.NONE) throw kafkaFailure(errorCode, 'Removing ACLs', { message: securityMessage(errorCode, errorMessage) });
    return matchingAcls.map(({ resourceType, resourceName, patternType, principal, host, operation, permissionType }) => ({
      resource: { type: resourceType, name: resourceName },
      patternType,
      principal,
      host,
      operation,
      permission: permissionType,
    }));
  });
}

function securityMessage(code: number, message: string | null): string | null {
  if (code !== ErrorCode.SECURITY_DISABLED) return message;
  return 'The brokers enforce no ACLs. millrace broker does with --authorize, Apache Kafka with authorizer.class.name.';
}

export function aclJson({ resource, patternType, principal, host, operation, permission }: Acl) {
  return {
    resourceType: wordOf(RESOURCE_TYPES, resource.type),
    resourceName: resource.name,
    patternType: wordOf(PATTERN_TYPES, patternType),
    principal,
    host,
    operation: wordOf(OPERATIONS, operation),
    permission: wordOf(PERMISSIONS, permission),
  };
}

export function printAcls(acls: readonly Acl[]): void {
  printTable(
    ['RESOURCE', 'NAME', 'PATTERN', 'PRINCIPAL', 'HOST', 'OPERATION', 'PERMISSION'],
    acls
      .map(aclJson)
      .map((acl) => [acl.resourceType, acl.resourceName, acl.patternType, acl.principal, acl.host, acl.operation, acl.permission]),
  );
}
