import { RecordBatchBuilder } from '../../src/protocol/index.ts';
import type { Field, Shape } from '../../src/protocol/schema/fields.ts';

/** A message that has every field of a version, and one item in every array. Waiting times are as short as can be. */
export function sampleMessage(shape: Shape, version: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    if (version >= field.versions.first && version <= field.versions.last) message[name] = sampleField(name, field, version);
  }
  return message;
}

function sampleField(name: string, field: Field, version: number): unknown {
  switch (field.kind) {
    case 'array':
      return field.element === undefined ? [] : [sampleField(name, field.element, version)];
    case 'struct':
      return sampleMessage(field.shape ?? {}, version);
    case 'string':
      return 'sample';
    case 'bool':
      return false;
    case 'uuid':
      return Buffer.alloc(16, 7);
    case 'bytes':
      return Buffer.alloc(0);
    case 'records':
      return sampleBatch();
    default:
      return /timeout|wait/i.test(name) ? 1 : 0;
  }
}

function sampleBatch(): Buffer {
  const builder = new RecordBatchBuilder();
  builder.append(1, Buffer.from('key'), Buffer.from('value'));
  return builder.build();
}
