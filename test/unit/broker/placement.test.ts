import { describe, expect, it } from 'vitest';
import { NodeRegistry } from '../../../src/broker/nodes.ts';
import { placeReplicas } from '../../../src/broker/placement.ts';
import { topicNameProblem } from '../../../src/broker/topic-names.ts';
import { ErrorCode } from '../../../src/protocol/index.ts';

function nodes(count: number): NodeRegistry {
  const registry = new NodeRegistry(count);
  for (const id of registry.ids()) registry.setLive({ id, host: 'h', port: id });
  return registry;
}

describe('placeReplicas', () => {
  it('lets leaders and replicas go round the nodes', () => {
    expect(placeReplicas(nodes(3), { partitions: 4, replicationFactor: 2, clamp: false })).toEqual([
      [1, 2],
      [2, 3],
      [3, 1],
      [1, 2],
    ]);
  });

  it('goes on where the topic ends', () => {
    expect(placeReplicas(nodes(3), { partitions: 1, firstPartition: 2, replicationFactor: 1, clamp: false })).toEqual([[3]]);
  });

  it('uses stopped nodes only when there are not enough others, and never to lead', () => {
    const registry = nodes(3);
    registry.setStopped(2);
    expect(placeReplicas(registry, { partitions: 2, replicationFactor: 2, clamp: false })).toEqual([
      [1, 3],
      [3, 1],
    ]);
    expect(placeReplicas(registry, { partitions: 2, replicationFactor: 3, clamp: false })).toEqual([
      [1, 3, 2],
      [3, 1, 2],
    ]);
    registry.setStopped(1);
    registry.setStopped(3);
    expect(() => placeReplicas(registry, { partitions: 1, replicationFactor: 1, clamp: false })).toThrowError(
      expect.objectContaining({ code: ErrorCode.INVALID_REPLICATION_FACTOR }),
    );
  });

  it.each([
    [{ partitions: 0, replicationFactor: 1, clamp: false }, ErrorCode.INVALID_PARTITIONS],
    [{ partitions: 1, replicationFactor: 0, clamp: false }, ErrorCode.INVALID_REPLICATION_FACTOR],
    [{ partitions: 1, replicationFactor: 4, clamp: false }, ErrorCode.INVALID_REPLICATION_FACTOR],
    [{ partitions: 1, replicationFactor: 1, clamp: false, assignments: [[]] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [{ partitions: 1, replicationFactor: 1, clamp: false, assignments: [[1, 1]] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [{ partitions: 1, replicationFactor: 1, clamp: false, assignments: [[1], [1, 2]] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [{ partitions: 1, replicationFactor: 1, clamp: false, assignments: [[9]] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ])('refuses %j', (request, code) => {
    expect(() => placeReplicas(nodes(3), request)).toThrowError(expect.objectContaining({ code }));
  });

  it('takes all nodes where too many replicas are asked for and that is allowed', () => {
    expect(placeReplicas(nodes(2), { partitions: 1, replicationFactor: 3, clamp: true })).toEqual([[1, 2]]);
  });
});

describe('topicNameProblem', () => {
  it.each(['a', 'A.b_c-9', 'x'.repeat(249), '...'])('%s is fine', (name) => expect(topicNameProblem(name)).toBeUndefined());
  it.each(['', '.', '..', 'a b', 'ü', 'a/b', 'x'.repeat(250)])("'%s' is not", (name) =>
    expect(topicNameProblem(name)).toMatch(/^Topic name is invalid/),
  );
});
