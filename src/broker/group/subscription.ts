/**
 * Which topics a group's consumers are subscribed to, from their metadata in the consumer protocol. Every version of
 * that format begins like version 0, so only that prefix is read: version int16, then an array of topic names.
 */

import type { GroupMember } from './member.ts';

/** The protocol type of consumers; others (Connect) use the same groups. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer';

/** Null when the group is no consumer group or its metadata is in an unknown format. */
export function subscribedTopics(
  protocolType: string | null,
  protocolName: string | null,
  members: Iterable<GroupMember>,
): ReadonlySet<string> | null {
  if (protocolType !== CONSUMER_PROTOCOL_TYPE) return null;
  const topics = new Set<string>();
  for (const member of members) {
    const names = protocolName === null ? null : parseTopics(member.metadataFor(protocolName));
    if (names === null) return null;
    for (const name of names) topics.add(name);
  }
  return topics;
}

/** Null when the bytes are no subscription. */
export function parseTopics(metadata: Uint8Array): string[] | null {
  const bytes = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  if (bytes.length < 6) return null;
  const count = bytes.readInt32BE(2);
  const topics: string[] = [];
  let at = 6;
  for (let index = 0; index < count; index++) {
    if (at + 2 > bytes.length) return null;
    const length = bytes.readInt16BE(at);
    at += 2;
    if (length < 0 || at + length > bytes.length) return null;
    topics.push(bytes.toString('utf8', at, at + length));
    at += length;
  }
  return topics;
}
