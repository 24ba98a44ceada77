import { describe, expect, it } from 'vitest';
import { fieldFormat } from '../../../../src/cli/records/field-formats.ts';

/** Bytes as Kafka's serializers write them. */
const CASES: [format: string, text: string, hex: string, json: unknown][] = [
  ['string', 'ä', 'c3a4', 'ä'],
  ['json', '{"a":1}', Buffer.from('{"a":1}').toString('hex'), { a: 1 }],
  ['hex', '00ff', '00ff', '00ff'],
  ['base64', '/w==', 'ff', '/w=='],
  ['byte', '-1', 'ff', -1],
  ['short', '258', '0102', 258],
  ['int', '-2', 'fffffffe', -2],
  ['long', '1', '0000000000000001', 1],
  ['long', '9223372036854775807', '7fffffffffffffff', '9223372036854775807'],
  ['float', '1.5', '3fc00000', 1.5],
  ['double', '-0.1', 'bfb999999999999a', -0.1],
  ['boolean', 'true', '01', true],
  [
    'uuid',
    '01234567-89ab-cdef-0123-456789abcdef',
    Buffer.from('01234567-89ab-cdef-0123-456789abcdef').toString('hex'),
    '01234567-89ab-cdef-0123-456789abcdef',
  ],
];

describe('formats of keys and values', () => {
  it.each(CASES)('%s: %s', (name, text, hex, json) => {
    const format = fieldFormat(name);
    const bytes = Buffer.from(hex, 'hex');
    expect(format.fromText(Buffer.from(text)).toString('hex')).toBe(hex);
    expect(format.fromJson(json).toString('hex')).toBe(hex);
    expect(Buffer.from(format.toText(bytes)).toString()).toBe(text);
    expect(format.toJson(bytes)).toEqual(json);
  });

  it.each([
    ['byte', '128'],
    ['short', '32768'],
    ['int', '1.5'],
    ['int', '2147483648'],
    ['long', '9223372036854775808'],
    ['float', 'x'],
    ['double', ''],
    ['boolean', 'yes'],
    ['hex', 'abc'],
    ['base64', 'a'],
    ['uuid', '1'],
    ['json', '{'],
  ])('%s refuses %s', (name, text) => {
    expect(() => fieldFormat(name).fromText(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'SERIALIZATION_FAILED' }));
  });

  it('refuses bytes of the wrong length', () => {
    for (const name of ['byte', 'short', 'int', 'long', 'float', 'double', 'boolean']) {
      expect(() => fieldFormat(name).toText(Buffer.alloc(3))).toThrow(/3 bytes/);
    }
  });

  it("knows Kafka's classes and kcat's letters", () => {
    expect(fieldFormat('org.apache.kafka.common.serialization.IntegerDeserializer').name).toBe('int');
    expect(fieldFormat('LongSerializer').name).toBe('long');
    expect(fieldFormat('ByteArrayDeserializer').name).toBe('string');
    expect(fieldFormat('s').name).toBe('string');
    expect(() => fieldFormat('avro')).toThrow(/string, json, hex/);
  });
});
