/** The SCRAM credentials of all users, in memory and in the metadata log. */

import { createHmac, randomBytes } from 'node:crypto';
import { MIN_SCRAM_ITERATIONS, SCRAM_MECHANISMS, type ScramMechanism } from '../../../protocol/index.ts';
import type { SecurityRecord } from '../records.ts';
import { fitsPassword, makeScramCredential, SALT_BYTES, type ScramCredential } from './scram-credential.ts';
import type { ScramCredentialSource } from './scram-exchange.ts';

const DECOY_SECRET_BYTES = 32;

type ScramRecord = Extract<SecurityRecord, { type: `scram${string}` }>;

interface Kept extends ScramCredential {
  readonly seeded: boolean;
}

/** A credential without what could be used, for DescribeUserScramCredentials. */
export interface ScramCredentialInfo {
  readonly mechanism: ScramMechanism;
  readonly iterations: number;
}

export class ScramCredentials implements ScramCredentialSource {
  /** By user name, then by the mechanism's number. */
  readonly #users = new Map<string, Map<number, Kept>>();
  readonly #append: (record: SecurityRecord) => void;
  #decoySecret: Buffer | undefined;

  /** `append` writes to the metadata log; it throws when that fails, and then nothing is changed. */
  constructor(append: (record: SecurityRecord) => void) {
    this.#append = append;
  }

  find(mechanism: ScramMechanism, userName: string): ScramCredential | undefined {
    return this.#users.get(userName)?.get(mechanism.type);
  }

  decoy(mechanism: ScramMechanism, userName: string): ScramCredential {
    const secret = this.#secret();
    const bytes = (what: string): Buffer => createHmac(mechanism.hash, secret).update(`${what}\0${mechanism.name}\0${userName}`).digest();
    const salt = bytes('salt').subarray(0, SALT_BYTES);
    return { salt, iterations: MIN_SCRAM_ITERATIONS, storedKey: bytes('stored key'), serverKey: bytes('server key') };
  }

  /** Names of all users that have a credential, in order. */
  userNames(): string[] {
    return [...this.#users.keys()].sort();
  }

  /** Empty: no such user. */
  describe(userName: string): ScramCredentialInfo[] {
    const own = this.#users.get(userName);
    return SCRAM_MECHANISMS.flatMap((mechanism) => {
      const credential = own?.get(mechanism.type);
      return credential === undefined ? [] : [{ mechanism, iterations: credential.iterations }];
    });
  }

  set(mechanism: ScramMechanism, userName: string, credential: ScramCredential): void {
    this.#set(mechanism.type, userName, { ...credential, seeded: false });
  }

  /** False: there is none. */
  delete(mechanism: ScramMechanism, userName: string): boolean {
    if (this.#users.get(userName)?.has(mechanism.type) !== true) return false;
    this.#append({ type: 'scram-deleted', user: userName, mechanism: mechanism.type });
    this.#remove(userName, mechanism.type);
    return true;
  }

  /**
   * Makes the credentials of the option `sasl.users`. Those that a client has altered stay as they are; those of an
   * earlier start follow the option.
   */
  async seed(users: Readonly<Record<string, string>>, mechanisms: readonly ScramMechanism[]): Promise<void> {
    this.#secret();
    this.#forgetFormerSeeds(users);
    const work = Object.entries(users).flatMap(([name, password]) =>
      mechanisms.map(async (mechanism): Promise<void> => {
        const kept = this.#users.get(name)?.get(mechanism.type);
        if (kept !== undefined && (!kept.seeded || (await fitsPassword(mechanism, kept, password)))) return;
        this.#set(mechanism.type, name, { ...(await makeScramCredential(mechanism, password)), seeded: true });
      }),
    );
    await Promise.all(work);
  }

  /** A record of the metadata log, when the broker starts. */
  replay(record: ScramRecord): void {
    switch (record.type) {
      case 'scram':
        this.#put(record.user, record.mechanism, fromRecord(record));
        break;
      case 'scram-deleted':
        this.#remove(record.user, record.mechanism);
        break;
      case 'scram-decoy':
        this.#decoySecret = Buffer.from(record.secret, 'base64');
        break;
    }
  }

  snapshot(): SecurityRecord[] {
    const records: SecurityRecord[] = [];
    if (this.#decoySecret !== undefined) records.push({ type: 'scram-decoy', secret: this.#decoySecret.toString('base64') });
    for (const [user, own] of this.#users) {
      for (const [mechanism, credential] of own) records.push(toRecord(user, mechanism, credential));
    }
    return records;
  }

  #forgetFormerSeeds(users: Readonly<Record<string, string>>): void {
    for (const [user, own] of [...this.#users]) {
      if (Object.hasOwn(users, user)) continue;
      for (const [mechanism, { seeded }] of [...own]) {
        if (!seeded) continue;
        this.#append({ type: 'scram-deleted', user, mechanism });
        this.#remove(user, mechanism);
      }
    }
  }

  #secret(): Buffer {
    if (this.#decoySecret === undefined) {
      const secret = randomBytes(DECOY_SECRET_BYTES);
      this.#append({ type: 'scram-decoy', secret: secret.toString('base64') });
      this.#decoySecret = secret;
    }
    return this.#decoySecret;
  }

  #set(mechanism: number, user: string, kept: Kept): void {
    this.#append(toRecord(user, mechanism, kept));
    this.#put(user, mechanism, kept);
  }

  #put(user: string, mechanism: number, kept: Kept): void {
    const own = this.#users.get(user) ?? new Map<number, Kept>();
    own.set(mechanism, kept);
    this.#users.set(user, own);
  }

  #remove(user: string, mechanism: number): void {
    const own = this.#users.get(user);
    own?.delete(mechanism);
    if (own?.size === 0) this.#users.delete(user);
  }
}

function toRecord(user: string, mechanism: number, { iterations, salt, storedKey, serverKey, seeded }: Kept): SecurityRecord {
  const [saltText, storedText, serverText] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64')) as [
    string,
    string,
    string,
  ];
  return { type: 'scram', user, mechanism, iterations, salt: saltText, storedKey: storedText, serverKey: serverText, seeded };
}

function fromRecord(record: Extract<SecurityRecord, { type: 'scram' }>): Kept {
  const { iterations, seeded } = record;
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');
  return { iterations, seeded, salt: decode(record.salt), storedKey: decode(record.storedKey), serverKey: decode(record.serverKey) };
}
