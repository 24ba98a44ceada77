/** Who may do what: the rules of Kafka's `StandardAuthorizer`. */

import type { ResolvedAuthorization } from '../options.ts';
import type { AclStore } from './acl-store.ts';
import type { AclBinding } from './binding.ts';
import { EVERYBODY, Operation, PatternType, Permission, WILDCARD } from './constants.ts';

/** Decisions remembered until the next change of ACLs; then and when there are more, all are forgotten. */
const MAX_DECISIONS = 10_000;
/** Decisions about longer names are not remembered: topics have none, and a client could fill the memory with them. */
const MAX_REMEMBERED_NAME = 255;
/** Resource name by which `authorizeByResourceType` finds out who may do everything. */
const SOME_NAME = 'hardcode';

/** Allowing one of these allows DESCRIBE as well. Denying one does not deny it. */
const IMPLIES_DESCRIBE: ReadonlySet<number> = new Set([
  Operation.DESCRIBE,
  Operation.READ,
  Operation.WRITE,
  Operation.DELETE,
  Operation.ALTER,
]);
const IMPLIES_DESCRIBE_CONFIGS: ReadonlySet<number> = new Set([Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS]);

/** Who asks. */
export interface Client {
  readonly principal: string;
  /** Address, as the connection has it. */
  readonly clientHost: string;
}

export class AclAuthorizer {
  readonly #acls: AclStore;
  readonly #superUsers: ReadonlySet<string>;
  readonly #allowWithoutAcl: boolean;
  readonly #decisions = new Map<string, boolean>();

  constructor(acls: AclStore, options: ResolvedAuthorization) {
    this.#acls = acls;
    this.#superUsers = new Set(options.superUsers);
    this.#allowWithoutAcl = options.allowEveryoneIfNoAclFound;
    acls.onChange(() => this.#decisions.clear());
  }

  allows(client: Client, operation: number, resourceType: number, resourceName: string): boolean {
    const { principal, clientHost } = client;
    if (this.#superUsers.has(principal)) return true;
    if (resourceName.length > MAX_REMEMBERED_NAME) return this.#decide(client, operation, resourceType, resourceName);
    const key = `${operation} ${resourceType} ${clientHost} ${JSON.stringify(principal)} ${resourceName}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = this.#decide(client, operation, resourceType, resourceName);
    if (this.#decisions.size >= MAX_DECISIONS) this.#decisions.clear();
    this.#decisions.set(key, decision);
    return decision;
  }

  /** Whether there may be a resource of this type that the client may do this to (`Authorizer.authorizeByResourceType`). */
  allowsSome(client: Client, operation: number, resourceType: number): boolean {
    if (this.allows(client, operation, resourceType, SOME_NAME)) return true;
    const host = hostOf(client.clientHost);
    const all = { resourceName: null, patternType: PatternType.ANY, principal: null, host: null };
    const filter = { ...all, resourceType, operation: Operation.ANY, permissionType: Permission.ANY };
    const concerning = this.#acls.find(filter).filter((acl) => {
      return isAbout(acl, client.principal, host) && (acl.operation === operation || acl.operation === Operation.ALL);
    });
    const denied = concerning.filter((acl) => acl.permissionType === Permission.DENY);
    if (denied.some(isWildcard)) return false;
    const allowed = concerning.filter((acl) => acl.permissionType === Permission.ALLOW);
    return allowed.some((acl) => isWildcard(acl) || !denied.some((deny) => isCovered(acl, deny)));
  }

  #decide({ principal, clientHost }: Client, operation: number, resourceType: number, resourceName: string): boolean {
    const applying = this.#acls.applyingTo(resourceType, resourceName);
    const host = hostOf(clientHost);
    if (applying.length === 0) return this.#allowWithoutAcl;
    let allowed = false;
    for (const acl of applying) {
      if (!isAbout(acl, principal, host)) continue;
      if (acl.permissionType === Permission.DENY) {
        if (acl.operation === operation || acl.operation === Operation.ALL) return false;
      } else if (allowing(acl.operation, operation)) {
        allowed = true;
      }
    }
    return allowed;
  }
}

function isAbout(acl: AclBinding, principal: string, host: string): boolean {
  return (acl.principal === principal || acl.principal === EVERYBODY) && (acl.host === WILDCARD || acl.host === host);
}

function allowing(allowed: number, operation: number): boolean {
  if (allowed === Operation.ALL || allowed === operation) return true;
  if (operation === Operation.DESCRIBE) return IMPLIES_DESCRIBE.has(allowed);
  return operation === Operation.DESCRIBE_CONFIGS && IMPLIES_DESCRIBE_CONFIGS.has(allowed);
}

function isWildcard(acl: AclBinding): boolean {
  return acl.patternType === PatternType.LITERAL && acl.resourceName === WILDCARD;
}

/** Whether all that one ACL allows is denied by the other. */
function isCovered(acl: AclBinding, deny: AclBinding): boolean {
  if (deny.patternType === PatternType.PREFIXED) return acl.resourceName.startsWith(deny.resourceName);
  return acl.patternType === PatternType.LITERAL && acl.resourceName === deny.resourceName;
}

/** An IPv4 address on a socket that listens on both families has a prefix, which ACLs have not. */
function hostOf(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
