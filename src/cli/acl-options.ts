import type { Command } from 'commander';
import { numberOf, OPERATIONS, PATTERN_TYPES, RESOURCE_TYPES } from './admin/acl-words.ts';
import { aliasOf, collect, collectList, usageError } from './command.ts';
import type { ConnectOptions } from './connect-options.ts';

/** What the command line says of ACLs. */
export interface AclOptions extends ConnectOptions {
  readonly topic?: readonly string[];
  readonly group?: readonly string[];
  readonly transactionalId?: readonly string[];
  readonly cluster?: boolean;
  readonly patternType?: number;
  readonly operation?: readonly number[];
  readonly allowPrincipal?: readonly string[];
  readonly denyPrincipal?: readonly string[];
  readonly allowHost?: readonly string[];
  readonly denyHost?: readonly string[];
  readonly producer?: boolean;
  readonly consumer?: boolean;
  readonly principal?: readonly string[];
  readonly json?: boolean;
  readonly force?: boolean;
}

export interface AclResource {
  readonly type: number;
  readonly name: string;
}

/** Kafka's name of the cluster as a resource. */
const CLUSTER_NAME = 'kafka-cluster';

/** Adds the options that name resources and operations. */
export function withAclResource(command: Command): Command {
  return command
    .option('--topic <name>', 'topic, * for all; may be repeated', collect)
    .option('--group <id>', 'consumer group; may be repeated', collect)
    .option('--transactional-id <id>', 'transactional id; may be repeated', collect)
    .option('--cluster', 'the cluster itself')
    .option('--pattern-type <type>', 'literal, or prefixed for all names that begin so (list and remove: any, match)', (text) =>
      numberOf(PATTERN_TYPES, text),
    )
    .option('--operation <name>', 'read, write, create, describe, alter … (default: all); may be repeated', collectOperation)
    .addOption(aliasOf('--resource-pattern-type <type>', 'patternType', (text) => numberOf(PATTERN_TYPES, text)))
    .addOption(aliasOf('--force', 'force'));
}

/** Adds the options that say who may and who may not. */
export function withAclPrincipals(command: Command): Command {
  return command
    .option('--allow-principal <principal>', 'who may, as User:alice; may be repeated', collect)
    .option('--deny-principal <principal>', 'who may not; may be repeated', collect)
    .option('--allow-host <address>', 'from where (default: * for anywhere)', collectList)
    .option('--deny-host <address>', 'from where not', collectList);
}

export function resourcesOf({ topic = [], group = [], transactionalId = [], cluster }: AclOptions): AclResource[] {
  return [
    ...topic.map((name) => ({ type: RESOURCE_TYPES.topic, name })),
    ...group.map((name) => ({ type: RESOURCE_TYPES.group, name })),
    ...transactionalId.map((name) => ({ type: RESOURCE_TYPES['transactional-id'], name })),
    ...(cluster === true ? [{ type: RESOURCE_TYPES.cluster, name: CLUSTER_NAME }] : []),
  ];
}

/** One resource with one operation: what kafka-acls' `--producer` and `--consumer` stand for, or what is given. */
export function grantsOf(options: AclOptions): { readonly resource: AclResource; readonly operation: number }[] {
  const resources = resourcesOf(options);
  if (resources.length === 0) throw usageError('Name a resource: --topic, --group, --transactional-id or --cluster.');
  if (options.producer !== true && options.consumer !== true) {
    const operations = options.operation ?? [OPERATIONS.all];
    return resources.flatMap((resource) => operations.map((operation) => ({ resource, operation })));
  }
  if (options.consumer === true && (options.topic === undefined || options.group === undefined))
    throw usageError('--consumer needs a --topic to read and the --group to read it in.');
  if (options.producer === true && options.topic === undefined) throw usageError('--producer needs a --topic to write to.');
  const grants = new Map<string, { readonly resource: AclResource; readonly operation: number }>();
  for (const resource of resources) {
    for (const operation of operationsFor(resource, options))
      grants.set(`${resource.type}:${resource.name}:${operation}`, { resource, operation });
  }
  return [...grants.values()];
}

/** As Kafka's AclCommand. */
function operationsFor({ type }: AclResource, { producer, consumer }: AclOptions): number[] {
  const { read, write, describe, create } = OPERATIONS;
  if (type === RESOURCE_TYPES.topic)
    return [...(producer === true ? [write, describe, create] : []), ...(consumer === true ? [read, describe] : [])];
  if (type === RESOURCE_TYPES.group) return consumer === true ? [read] : [];
  return producer === true && type === RESOURCE_TYPES['transactional-id'] ? [write, describe] : [];
}

function collectOperation(text: string, previous: readonly number[] = []): number[] {
  return [...previous, ...text.split(',').map((each) => numberOf(OPERATIONS, each.trim()))];
}
