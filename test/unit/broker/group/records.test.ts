import { describe, expect, it } from 'vitest';
import { decodeGroup, decodeKey, decodeOffset, groupRecord, offsetRecord } from '../../../../src/broker/group/records.ts';
import { classicGroup, joinRequest, startGroups } from './harness.ts';

const committed = { offset: 258, leaderEpoch: 7, metadata: 'm', commitTimestampMs: 1_700_000_000_000, expireTimestampMs: -1 };

// Bytes as Kafka's generated OffsetCommitKey/Value and GroupMetadataKey/Value classes write them.
describe('records of __consumer_offsets', () => {
  it('writes offsets as OffsetCommitKey 1 and OffsetCommitValue 3', () => {
    const record = offsetRecord('g', 'tp', 3, committed);
    expect(Buffer.from(record.key).toString('hex')).toBe('0001' + '0001' + '67' + '0002' + '7470' + '00000003');
    expect(Buffer.from(record.value!).toString('hex')).toBe('0003' + '0000000000000102' + '00000007' + '0001' + '6d' + '0000018bcfe56800');
    expect(decodeKey(Buffer.from(record.key))).toEqual({ kind: 'offset', group: 'g', topic: 'tp', partition: 3 });
    expect(decodeOffset(Buffer.from(record.value!), 42)).toEqual({ ...committed, recordOffset: 42 });
  });

  it('writes a retention of its own as value version 1, which has no leader epoch', () => {
    const record = offsetRecord('g', 'tp', 3, { ...committed, expireTimestampMs: 1_700_000_000_001 });
    expect(Buffer.from(record.value!).toString('hex')).toBe(
      '0001' + '0000000000000102' + '0001' + '6d' + '0000018bcfe56800' + '0000018bcfe56801',
    );
    expect(decodeOffset(Buffer.from(record.value!), 0)).toMatchObject({ leaderEpoch: -1, expireTimestampMs: 1_700_000_000_001 });
  });

  it('reads offsets of the oldest version', () => {
    const value = Buffer.from('0000' + '0000000000000102' + '0000' + '0000018bcfe56800', 'hex');
    expect(decodeOffset(value, 1)).toMatchObject({ offset: 258, leaderEpoch: -1, metadata: '', expireTimestampMs: -1 });
  });

  it('writes a group as GroupMetadataKey 2 and GroupMetadataValue 3', async () => {
    const { groups } = await startGroups();
    const { memberId } = await groups.join(
      joinRequest({
        groupId: 'g',
        groupInstanceId: 'i',
        clientId: 'c',
        clientHost: '/h',
        protocols: [{ name: 'p', metadata: Buffer.from([5]) }],
      }),
    );
    const record = groupRecord(classicGroup(groups, 'g'), new Map([[memberId, Buffer.from([6])]]));
    expect(Buffer.from(record.key).toString('hex')).toBe('0002' + '0001' + '67');
    const id = Buffer.from(memberId).toString('hex');
    const idBytes = `00${memberId.length.toString(16)}`;
    const stored = decodeGroup(Buffer.from(record.value!));
    const timestamp = Buffer.alloc(8);
    timestamp.writeBigInt64BE(BigInt(stored.currentStateTimestamp));
    expect(Buffer.from(record.value!).toString('hex')).toBe(
      '0003' +
        '0008' +
        Buffer.from('consumer').toString('hex') +
        '00000001' +
        '0001' +
        '70' +
        idBytes +
        id +
        timestamp.toString('hex') +
        '00000001' +
        idBytes +
        id +
        '0001' +
        '69' +
        '0001' +
        '63' +
        '0002' +
        '2f68' +
        '0000ea60' +
        '00002710' +
        '00000001' +
        '05' +
        '00000001' +
        '06',
    );
    expect(stored).toMatchObject({
      generation: 1,
      protocol: 'p',
      leader: memberId,
      members: [{ memberId, groupInstanceId: 'i', clientHost: '/h' }],
    });
  });

  it('leaves keys of other kinds of groups alone', () => {
    expect(decodeKey(Buffer.from('000b' + '0001' + '67', 'hex'))).toEqual({ kind: 'unknown', version: 11 });
    expect(() => decodeKey(Buffer.from([1]))).toThrow(/no version/);
  });
});
