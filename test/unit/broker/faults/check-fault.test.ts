import { describe, expect, it } from 'vitest';
import { apiKeysOf, checkFault } from '../../../../src/broker/faults/check-fault.ts';

describe('checkFault', () => {
  it.each([
    [{ action: 'delay', delayMs: 10 }],
    [{ action: 'delay', delayMs: 0, when: 'after', api: 'Produce', node: 2, clientId: 'c', topic: 't', skip: 1, count: 2 }],
    [{ action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', message: 'moved', api: ['fetch', 0], probability: 0.5, seed: 7 }],
    [{ action: 'drop', groupId: 'g', transactionalId: 'x' }],
    [{ action: 'disconnect', when: 'during', bytes: 3 }],
    [{ action: 'throttle', throttleTimeMs: 1 }],
    [{ action: 'truncate' }],
    [{ action: 'truncate', bytes: 100 }],
  ])('takes %j', (fault) => {
    expect(checkFault(fault)).toEqual(fault);
  });

  it.each([
    [null, 'fault'],
    [[], 'fault'],
    [{}, 'action'],
    [{ action: 'explode' }, 'action'],
    [{ action: 'delay' }, 'delayMs'],
    [{ action: 'delay', delayMs: -1 }, 'delayMs'],
    [{ action: 'delay', delayMs: '5' }, 'delayMs'],
    [{ action: 'delay', delayMs: 5, when: 'during' }, 'when'],
    [{ action: 'error', error: 'NONE' }, 'error'],
    [{ action: 'error', error: 'toString' }, 'error'],
    [{ action: 'error', error: 6 }, 'error'],
    [{ action: 'drop', delayMs: 5 }, 'delayMs'],
    [{ action: 'drop', api: 'Prodoce' }, 'api'],
    [{ action: 'drop', api: [] }, 'api'],
    [{ action: 'drop', api: 9999 }, 'api'],
    [{ action: 'drop', node: 0 }, 'node'],
    [{ action: 'drop', count: 0 }, 'count'],
    [{ action: 'drop', probability: 0 }, 'probability'],
    [{ action: 'drop', probability: Number.NaN }, 'probability'],
    [{ action: 'drop', seed: 0.5 }, 'seed'],
    [{ action: 'drop', topic: 7 }, 'topic'],
    [{ action: 'drop', constructor: 'x' }, 'constructor'],
    [{ action: 'throttle', throttleTimeMs: 0 }, 'throttleTimeMs'],
    [{ action: 'truncate', bytes: 0 }, 'bytes'],
  ])('refuses %j and names %s', (fault, field) => {
    expect(() => checkFault(fault)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', context: { field } }));
  });

  it('knows APIs by name in any case and by key', () => {
    expect(apiKeysOf('produce')).toEqual(new Set([0]));
    expect(apiKeysOf(['Fetch', 3])).toEqual(new Set([1, 3]));
    expect(apiKeysOf(undefined)).toBeUndefined();
  });
});
