/** What consumers of the classic group protocol put into JoinGroup metadata and SyncGroup assignments. */
import { MillraceError } from '../../errors.ts';
import { readInt16, writeInt16 } from '../primitives/int64.ts';
import { defineMessage, type MessageType } from '../schema/define.ts';
import { array, bytes, type Decoded, type Input, int32, type Shape, string } from '../schema/fields.ts';
import { decodeMessage, encodeMessage } from '../schema/messages.ts';

const topicPartitions = {
  topic: string(),
  partitions: array('0+', int32()),
};

/** Topics a member wants. 1 brought owned partitions (KIP-429), 2 the generation (KIP-792), 3 the rack (KIP-881). */
export const ConsumerProtocolSubscription = defineMessage({
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  flexibleFrom: null,
  shape: {
    topics: array('0+', string()),
    userData: bytes('0+', { nullable: '0+', default: null }),
    ownedPartitions: array('1+', topicPartitions, { ignorable: true }),
    generationId: int32('2+', { default: -1, ignorable: true }),
    rackId: string('3+', { nullable: '3+', default: null, ignorable: true }),
  },
});

/** Partitions a member got. */
export const ConsumerProtocolAssignment = defineMessage({
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  flexibleFrom: null,
  shape: {
    assignedPartitions: array('0+', topicPartitions),
    userData: bytes('0+', { nullable: '0+', default: null }),
  },
});

/** Encodes with the version as the two bytes before it, as these messages travel. */
export function encodeVersioned<S extends Shape>(type: MessageType<S>, version: number, body: Input<S>): Buffer {
  const prefix = Buffer.alloc(2);
  writeInt16(prefix, 0, version);
  return Buffer.concat([prefix, encodeMessage(type, version, body)]);
}

/** Decodes by the version in the first two bytes; a newer one is read as the newest known, as Kafka does. */
export function decodeVersioned<S extends Shape>(type: MessageType<S>, data: Uint8Array): Decoded<S> {
  if (data.length < 2) throw new MillraceError('MALFORMED_FRAME', `${type.name}: ${data.length} bytes hold no version.`);
  return decodeMessage(type, Math.min(readInt16(data, 0), type.versions[1]), data, 2);
}
