/** Which group and which transaction a request is about, whatever its API calls the field. */

type Struct = Readonly<Record<string, unknown>>;

/** `CoordinatorType` of FindCoordinator. */
const GROUP_KEY = 0;
const TRANSACTION_KEY = 1;

export function isAboutGroup(request: Struct, groupId: string): boolean {
  if (request.groupId === groupId || asksForCoordinator(request, GROUP_KEY, groupId)) return true;
  // DescribeGroups and DeleteGroups have texts, OffsetFetch has structs, ConsumerGroupDescribe has ids.
  return includes(request.groups, groupId, 'groupId') || includes(request.groupsNames, groupId) || includes(request.groupIds, groupId);
}

export function hasTransactionalId(request: Struct, transactionalId: string): boolean {
  if (request.transactionalId === transactionalId || request.v3AndBelowTransactionalId === transactionalId) return true;
  if (asksForCoordinator(request, TRANSACTION_KEY, transactionalId)) return true;
  return includes(request.transactionalIds, transactionalId) || includes(request.transactions, transactionalId, 'transactionalId');
}

function asksForCoordinator(request: Struct, keyType: number, key: string): boolean {
  return request.keyType === keyType && (request.key === key || includes(request.coordinatorKeys, key));
}

function includes(list: unknown, text: string, field?: string): boolean {
  if (!Array.isArray(list)) return false;
  return list.some((item: unknown) => item === text || (field !== undefined && (item as Struct | null)?.[field] === text));
}
