import { describe, expect, it } from 'vitest';
import { collectPairs, wholeNumber } from '../../../src/cli/command.ts';
import { parsePartitions } from '../../../src/cli/partitions.ts';
import { collectAddConfig, resourceOf } from '../../../src/cli/resource-options.ts';
import { inScope, parseTopicScopes } from '../../../src/cli/topic-scope.ts';
import { collectTopicSpec } from '../../../src/cli/topic-spec.ts';

describe('values of options', () => {
  it('whole numbers', () => {
    expect(wholeNumber(1)('1_000')).toBe(1000);
    for (const text of ['', 'a', '1.5', '-1', '0', '1e99']) expect(() => wholeNumber(1)(text)).toThrow(/at least 1/);
    expect(() => wholeNumber(0, 9)('10')).toThrow(/from 0 to 9/);
  });

  it('pairs, of which the value may hold anything', () => {
    expect(collectPairs('b=x=y', { a: '1' })).toEqual({ a: '1', b: 'x=y' });
    expect(collectPairs('a=')).toEqual({ a: '' });
    for (const text of ['a', '=1']) expect(() => collectPairs(text)).toThrow(/name=value/);
  });

  it("kafka-configs' list, with brackets around values that hold commas", () => {
    expect(collectAddConfig('cleanup.policy=[compact,delete],retention.ms=5, a = b')).toEqual({
      'cleanup.policy': 'compact,delete',
      'retention.ms': '5',
      a: 'b',
    });
    expect(() => collectAddConfig('a=1,b')).toThrow(/name=value/);
  });

  it('partitions', () => {
    expect(parsePartitions(['3', '0-2', '1'])).toEqual([0, 1, 2, 3]);
    for (const text of ['a', '-1', '2-1', '']) expect(() => parsePartitions([text])).toThrow(/names no partitions/);
  });

  it('topics to make, and parts of topics', () => {
    expect(collectTopicSpec('a:3:2', collectTopicSpec('b'))).toEqual([
      { name: 'b', partitions: -1, replicationFactor: -1 },
      { name: 'a', partitions: 3, replicationFactor: 2 },
    ]);
    for (const text of [':1', 'a:', 'a:0', 'a:1:0', 'a:1:1:1']) expect(() => collectTopicSpec(text)).toThrow(/name:partitions/);
    const scopes = parseTopicScopes(['a', 'b:0,2-3']);
    expect(inScope(scopes, { topic: 'a', partition: 9 })).toBe(true);
    expect([0, 1, 2, 3, 4].filter((partition) => inScope(scopes, { topic: 'b', partition }))).toEqual([0, 2, 3]);
    expect(inScope(scopes, { topic: 'c', partition: 0 })).toBe(false);
    expect(() => parseTopicScopes(['a:0:1'])).toThrow(/orders:0,2/);
  });

  it('what configs belong to', () => {
    expect(resourceOf('topics', 'a', {})).toEqual({ type: 'topic', name: 'a' });
    expect(resourceOf(undefined, undefined, { entityType: 'brokers', entityName: '1' })).toEqual({ type: 'broker', name: '1' });
    expect(resourceOf(undefined, undefined, { entityType: 'brokers', entityDefault: true })).toEqual({ type: 'broker', name: '' });
    expect(resourceOf(undefined, undefined, { group: 'g' })).toEqual({ type: 'group', name: 'g' });
    expect(() => resourceOf('topic', 'a', { group: 'g' })).toThrow(/one resource/);
    expect(() => resourceOf('topic', undefined, {})).toThrow(/Name the topic/);
    expect(() => resourceOf('broker', 'one', {})).toThrow(/id/);
    expect(() => resourceOf('users', 'alice', {})).toThrow(/millrace users/);
  });
});
