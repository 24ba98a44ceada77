import { describe, expect, it } from 'vitest';
import type { SecurityRecord } from '../../../../../src/broker/security/records.ts';
import { fitsPassword, makeScramCredential } from '../../../../../src/broker/security/sasl/scram-credential.ts';
import { ScramCredentials } from '../../../../../src/broker/security/sasl/scram-credentials.ts';
import { SCRAM_MECHANISMS, SCRAM_SHA_256, SCRAM_SHA_512 } from '../../../../../src/protocol/index.ts';

type ScramRecord = Extract<SecurityRecord, { type: `scram${string}` }>;

class Disk {
  readonly records: SecurityRecord[] = [];
  failing = false;

  readonly append = (record: SecurityRecord): void => {
    if (this.failing) throw new Error('disk full');
    this.records.push(record);
  };

  restored(records = this.records): ScramCredentials {
    const credentials = new ScramCredentials(this.append);
    for (const record of [...records]) credentials.replay(record as ScramRecord);
    return credentials;
  }
}

const fits = async (credentials: ScramCredentials, user: string, password: string): Promise<boolean> => {
  const credential = credentials.find(SCRAM_SHA_256, user);
  return credential !== undefined && fitsPassword(SCRAM_SHA_256, credential, password);
};

describe('credentials of the options', () => {
  it('are made once and kept while the password stays', async () => {
    const disk = new Disk();
    await disk.restored().seed({ alice: 'never written' }, SCRAM_MECHANISMS);
    expect(JSON.stringify(disk.records)).not.toContain('never written');
    const written = disk.records.length;
    const again = disk.restored();
    await again.seed({ alice: 'never written' }, SCRAM_MECHANISMS);
    expect(disk.records).toHaveLength(written);
    expect(await fits(again, 'alice', 'never written')).toBe(true);
  });

  it('follow the options', async () => {
    const disk = new Disk();
    await disk.restored().seed({ alice: 'old', bob: 'old' }, SCRAM_MECHANISMS);
    const later = disk.restored();
    await later.seed({ alice: 'new' }, SCRAM_MECHANISMS);
    expect(await fits(later, 'alice', 'new')).toBe(true);
    expect(later.userNames()).toEqual(['alice']);
    expect(disk.restored().userNames()).toEqual(['alice']);
  });

  it('do not undo what a client has altered', async () => {
    const disk = new Disk();
    const first = disk.restored();
    await first.seed({ alice: 'old' }, SCRAM_MECHANISMS);
    first.set(SCRAM_SHA_256, 'alice', await makeScramCredential(SCRAM_SHA_256, 'altered'));
    first.set(SCRAM_SHA_256, 'carol', await makeScramCredential(SCRAM_SHA_256, 'carol'));
    const later = disk.restored(first.snapshot());
    await later.seed({ alice: 'old' }, SCRAM_MECHANISMS);
    expect(await fits(later, 'alice', 'altered')).toBe(true);
    expect(await fits(later, 'carol', 'carol')).toBe(true);
  });
});

describe('credentials', () => {
  it('are described without what could be used', async () => {
    const credentials = new Disk().restored();
    credentials.set(SCRAM_SHA_512, 'alice', { ...(await makeScramCredential(SCRAM_SHA_512, 'x')), iterations: 8192 });
    expect(credentials.describe('alice')).toEqual([{ mechanism: SCRAM_SHA_512, iterations: 8192 }]);
    expect(credentials.describe('bob')).toEqual([]);
    expect(credentials.delete(SCRAM_SHA_256, 'alice')).toBe(false);
    expect(credentials.delete(SCRAM_SHA_512, 'alice')).toBe(true);
    expect(credentials.userNames()).toEqual([]);
  });

  it('that cannot be written do not hold, and those whose deletion cannot be written do', async () => {
    const disk = new Disk();
    const credentials = disk.restored();
    const credential = await makeScramCredential(SCRAM_SHA_256, 'x');
    disk.failing = true;
    expect(() => credentials.set(SCRAM_SHA_256, 'alice', credential)).toThrow('disk full');
    expect(credentials.find(SCRAM_SHA_256, 'alice')).toBeUndefined();
    disk.failing = false;
    credentials.set(SCRAM_SHA_256, 'alice', credential);
    disk.failing = true;
    expect(() => credentials.delete(SCRAM_SHA_256, 'alice')).toThrow('disk full');
    expect(credentials.find(SCRAM_SHA_256, 'alice')).toEqual({ ...credential, seeded: false });
  });
});

describe('decoys', () => {
  it('are the same for a name, also after a restart, and different for others', async () => {
    const disk = new Disk();
    const credentials = disk.restored();
    await credentials.seed({}, SCRAM_MECHANISMS);
    const decoy = credentials.decoy(SCRAM_SHA_256, 'mallory');
    expect(disk.restored().decoy(SCRAM_SHA_256, 'mallory')).toEqual(decoy);
    expect(disk.restored(credentials.snapshot()).decoy(SCRAM_SHA_256, 'mallory')).toEqual(decoy);
    expect(credentials.decoy(SCRAM_SHA_256, 'eve').salt).not.toEqual(decoy.salt);
    expect(credentials.decoy(SCRAM_SHA_512, 'mallory').salt).not.toEqual(decoy.salt);
    expect(new Disk().restored().decoy(SCRAM_SHA_256, 'mallory').salt).not.toEqual(decoy.salt);
  });

  it('look like credentials of the options', async () => {
    const credentials = new Disk().restored();
    const real = await makeScramCredential(SCRAM_SHA_256, 'x');
    const decoy = credentials.decoy(SCRAM_SHA_256, 'mallory');
    expect(decoy.salt).toHaveLength(real.salt.length);
    expect(decoy.iterations).toBe(real.iterations);
    expect(decoy.storedKey).toHaveLength(real.storedKey.length);
  });
});
