import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;

/** The users of PLAIN. Whether a user exists cannot be told from the time that an answer takes. */
export class PlainUsers {
  /** Makes digests that are worth nothing outside of this object. */
  readonly #secret = randomBytes(SECRET_BYTES);
  readonly #digests = new Map<string, Buffer>();
  readonly #nobody: Buffer;

  constructor(users: Readonly<Record<string, string>>) {
    for (const [name, password] of Object.entries(users)) this.#digests.set(name, this.#digest(password));
    this.#nobody = randomBytes(SECRET_BYTES);
  }

  isPassword(userName: string, password: string): boolean {
    const expected = this.#digests.get(userName);
    // Digests have one length, which comparing needs, and do not show the password's.
    const equal = timingSafeEqual(this.#digest(password), expected ?? this.#nobody);
    return equal && expected !== undefined;
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#secret).update(password, 'utf8').digest();
  }
}
