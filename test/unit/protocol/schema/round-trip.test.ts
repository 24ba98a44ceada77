import { describe, expect, it } from 'vitest';
import {
  allApis,
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeMessage,
  encodeMessage,
  encodeMessageParts,
  type MessageType,
} from '../../../../src/protocol/index.ts';
import { SeededRandom } from '../seeded-random.ts';
import { asText, generate, withDefaults } from './generate.ts';

const random = new SeededRandom();
const ROUNDS = 8;
/** Damaged copies decoded per message and version. */
const MUTATIONS = 30;

const messages: MessageType[] = [
  ...allApis.flatMap((api) => [api.request, api.response]),
  ConsumerProtocolSubscription,
  ConsumerProtocolAssignment,
];

function* versionsOf(type: MessageType): Generator<number> {
  for (let version = type.versions[0]; version <= type.versions[1]; version++) yield version;
}

describe(`every message in every version (TEST_SEED=${random.seed})`, () => {
  it.each(messages.map((type) => [type.name, type] as const))('%s round-trips', (_, type) => {
    for (const version of versionsOf(type)) {
      for (let round = 0; round < ROUNDS; round++) {
        const value = generate(type.shape, version, random);
        const bytes = encodeMessage(type, version, value);
        const decoded = decodeMessage(type, version, bytes);
        expect(asText(decoded), `v${version}`).toBe(asText(withDefaults(type.shape, value)));
        expect(encodeMessage(type, version, decoded).equals(bytes), `v${version} encodes alike again`).toBe(true);
        expect(Buffer.concat(encodeMessageParts(type, version, value)).equals(bytes)).toBe(true);
      }
    }
  });

  it.each(messages.map((type) => [type.name, type] as const))('%s: every cut is MALFORMED_FRAME', (_, type) => {
    for (const version of versionsOf(type)) {
      const bytes = encodeMessage(type, version, generate(type.shape, version, random));
      const step = Math.max(1, Math.floor(bytes.length / 40));
      for (let length = 0; length < bytes.length; length += step) {
        expect(() => decodeMessage(type, version, bytes.subarray(0, length)), `v${version} cut at ${length}`).toThrow(
          expect.objectContaining({ code: 'MALFORMED_FRAME', message: expect.stringContaining(`${type.name} v${version}`) }),
        );
      }
    }
  });

  it.each(messages.map((type) => [type.name, type] as const))('%s: damaged bytes decode or are MALFORMED_FRAME', (_, type) => {
    for (const version of versionsOf(type)) {
      const bytes = encodeMessage(type, version, generate(type.shape, version, random));
      for (let round = 0; round < MUTATIONS && bytes.length > 0; round++) {
        const damaged = Buffer.from(bytes);
        for (let changes = random.between(1, 3); changes > 0; changes--) {
          damaged[random.between(0, damaged.length - 1)] = random.pick([0, 0x7f, 0x80, 0xff, random.between(0, 255)]);
        }
        try {
          decodeMessage(type, version, damaged);
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED_FRAME' });
        }
      }
    }
  });
});

describe('the registry', () => {
  it('has every API once, with codecs in its whole range and none outside', () => {
    expect(new Set(allApis.map((api) => api.key)).size).toBe(allApis.length);
    for (const api of allApis) {
      const [first, last] = api.versions;
      expect(() => api.request.codec(last + 1)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }));
      expect(() => api.request.codec(first - 1)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }));
      expect(api.response.codec(last)).toBe(api.response.codec(last));
    }
  });
});
