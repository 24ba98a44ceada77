/** What the metadata log keeps about security. Passwords are not among it. */

import type { AclBinding } from './acl/binding.ts';

export type SecurityRecord =
  | {
      readonly type: 'scram';
      readonly user: string;
      /** `ScramMechanism.type`. */
      readonly mechanism: number;
      readonly iterations: number;
      /** Base64, as the keys. */
      readonly salt: string;
      readonly storedKey: string;
      readonly serverKey: string;
      /** Made from the option `sasl.users`, not altered by a client since. */
      readonly seeded: boolean;
    }
  | { readonly type: 'scram-deleted'; readonly user: string; readonly mechanism: number }
  /** What decoys of credentials are made of; base64. */
  | { readonly type: 'scram-decoy'; readonly secret: string }
  | { readonly type: 'acl'; readonly acl: AclBinding }
  | { readonly type: 'acl-deleted'; readonly acl: AclBinding };

const TYPES: ReadonlySet<string> = new Set<SecurityRecord['type']>(['scram', 'scram-deleted', 'scram-decoy', 'acl', 'acl-deleted']);

export function isSecurityRecord(record: { readonly type: string }): record is SecurityRecord {
  return TYPES.has(record.type);
}
