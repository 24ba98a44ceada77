import { describe, expect, it } from 'vitest';
import { AclStore } from '../../../../../src/broker/security/acl/acl-store.ts';
import type { AclBinding } from '../../../../../src/broker/security/acl/binding.ts';
import { Operation, PatternType, Permission, ResourceType } from '../../../../../src/broker/security/acl/constants.ts';
import type { SecurityRecord } from '../../../../../src/broker/security/records.ts';

const ACL: AclBinding = {
  resourceType: ResourceType.TOPIC,
  resourceName: 'orders',
  patternType: PatternType.LITERAL,
  principal: 'User:alice',
  host: '*',
  operation: Operation.READ,
  permissionType: Permission.ALLOW,
};

function storeOf(): { store: AclStore; records: SecurityRecord[]; fail: (failing: boolean) => void } {
  const records: SecurityRecord[] = [];
  let failing = false;
  const store = new AclStore((record) => {
    if (failing) throw new Error('disk full');
    records.push(record);
  });
  return { store, records, fail: (now) => (failing = now) };
}

describe('ACLs', () => {
  it('are written before they hold, each once', () => {
    const { store, records } = storeOf();
    store.add(ACL);
    store.add({ ...ACL });
    store.delete(ACL);
    store.delete(ACL);
    expect(records).toEqual([
      { type: 'acl', acl: ACL },
      { type: 'acl-deleted', acl: ACL },
    ]);
    expect(store.size).toBe(0);
  });

  it('that cannot be written do not hold, and those whose deletion cannot be written do', () => {
    const { store, fail } = storeOf();
    fail(true);
    expect(() => store.add(ACL)).toThrow('disk full');
    expect(store.size).toBe(0);
    fail(false);
    store.add(ACL);
    fail(true);
    expect(() => store.delete(ACL)).toThrow('disk full');
    expect(store.applyingTo(ResourceType.TOPIC, 'orders')).toEqual([ACL]);
  });

  it('come back from their records and from a snapshot', () => {
    const { store, records } = storeOf();
    const other = { ...ACL, patternType: PatternType.PREFIXED, resourceName: 'ord' };
    store.add(ACL);
    store.add(other);
    store.delete(ACL);
    for (const source of [records, store.snapshot()]) {
      const restored = storeOf().store;
      for (const record of source) restored.replay(record as Extract<SecurityRecord, { type: `acl${string}` }>);
      expect(restored.applyingTo(ResourceType.TOPIC, 'orders')).toEqual([other]);
    }
  });
});
