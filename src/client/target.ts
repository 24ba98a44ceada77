/** Whom a request goes to. */

export type CoordinatorType = 'group' | 'transaction';

export type Target =
  /** One broker by its id. */
  | { readonly node: number }
  /** Whichever broker answers. */
  | 'any'
  /** The broker that takes administrative requests. */
  | 'controller'
  /** The broker that leads a partition. */
  | { readonly leader: readonly [topic: string, partition: number] }
  /** The broker that coordinates a consumer group, or the transactions of a transactional id. */
  | { readonly coordinator: readonly [type: CoordinatorType, key: string] };

/** Completes "Metadata to …" in messages. */
export function describeTarget(target: Target): string {
  if (target === 'any') return 'any broker';
  if (target === 'controller') return 'the controller';
  if ('node' in target) return `broker ${target.node}`;
  if ('leader' in target) return `the leader of ${target.leader[0]}-${target.leader[1]}`;
  const [type, key] = target.coordinator;
  return type === 'group' ? `the coordinator of group ${key}` : `the coordinator of transactional id ${key}`;
}
