/** One ACL: who may or may not do what, to what, from where. And what chooses some of them. */

import { Operation, PatternType, Permission, ResourceType, WILDCARD } from './constants.ts';

export interface AclBinding {
  readonly resourceType: number;
  readonly resourceName: string;
  /** LITERAL or PREFIXED. */
  readonly patternType: number;
  /** `Type:name`; `User:*` is everybody. */
  readonly principal: string;
  /** An address; `*` is every host. */
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** Null and ANY let everything through. */
export interface AclFilter {
  readonly resourceType: number;
  readonly resourceName: string | null;
  /** ANY; MATCH: patterns that apply to a resource of this name; LITERAL or PREFIXED: those of just this name. */
  readonly patternType: number;
  readonly principal: string | null;
  readonly host: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

/** Same for two ACLs that are the same. */
export function bindingKey(acl: AclBinding): string {
  const { resourceType, patternType, operation, permissionType, principal, host, resourceName } = acl;
  return JSON.stringify([resourceType, patternType, operation, permissionType, principal, host, resourceName]);
}

/** `AclBindingFilter.matches`. */
export function matchesFilter(filter: AclFilter, acl: AclBinding): boolean {
  const { resourceType, principal, host, operation, permissionType } = filter;
  if (resourceType !== ResourceType.ANY && resourceType !== acl.resourceType) return false;
  if (principal !== null && principal !== acl.principal) return false;
  if (host !== null && host !== acl.host) return false;
  if (operation !== Operation.ANY && operation !== acl.operation) return false;
  if (permissionType !== Permission.ANY && permissionType !== acl.permissionType) return false;
  return matchesPattern(filter, acl);
}

/** `ResourcePatternFilter.matches`. */
function matchesPattern({ patternType, resourceName }: AclFilter, acl: AclBinding): boolean {
  const exact = patternType === acl.patternType;
  if (!exact && patternType !== PatternType.ANY && patternType !== PatternType.MATCH) return false;
  if (resourceName === null) return true;
  if (exact || patternType === PatternType.ANY) return resourceName === acl.resourceName;
  return appliesTo(acl, resourceName);
}

/** Whether a resource of the ACL's type with this name is one that the ACL is about. */
export function appliesTo(acl: Pick<AclBinding, 'patternType' | 'resourceName'>, resourceName: string): boolean {
  if (acl.patternType === PatternType.PREFIXED) return resourceName.startsWith(acl.resourceName);
  return acl.resourceName === resourceName || acl.resourceName === WILDCARD;
}
