/** Describes, lists and deletes groups. */

import { Code, type KeyValue } from '../coordinator/index.ts';
import type { ClassicGroupState } from './classic-group.ts';
import { removalEvents } from './consumer/convert.ts';
import { encodeEvent } from './consumer/records.ts';
import type { Group } from './group.ts';
import type { OffsetService } from './offset-commits.ts';
import type { ExpiryHost } from './offset-expiry.ts';
import { groupTombstone } from './records.ts';
import { NO_BYTES } from './types.ts';

export interface MemberDescription {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly metadata: Uint8Array;
  readonly assignment: Uint8Array;
}

export interface GroupDescription {
  readonly groupId: string;
  readonly state: ClassicGroupState;
  readonly protocolType: string;
  /** The chosen assignor; empty unless the group is stable. */
  readonly protocolName: string;
  readonly members: readonly MemberDescription[];
}

export interface GroupListing {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: Group['state'];
  /** As Kafka prints it. */
  readonly type: string;
}

export class GroupAdmin {
  readonly #host: ExpiryHost;
  readonly #offsets: OffsetService;

  constructor(host: ExpiryHost, offsets: OffsetService) {
    this.#host = host;
    this.#offsets = offsets;
  }

  /** Undefined when there is no such classic group. Metadata is shown once the group is stable, the last assignment always, as in Kafka. */
  describe(groupId: string): GroupDescription | undefined {
    const group = this.#host.find(groupId);
    if (group?.type !== 'classic') return undefined;
    const stable = group.is('Stable');
    return {
      groupId,
      state: group.state,
      protocolType: group.protocolType ?? '',
      protocolName: stable ? (group.protocolName ?? '') : '',
      members: [...group.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: stable ? member.metadataFor(group.protocolName) : NO_BYTES,
        assignment: member.assignment,
      })),
    };
  }

  /** Filters are case-insensitive; an empty one lets everything through. */
  list(states: readonly string[], types: readonly string[]): GroupListing[] {
    const wantedStates = new Set(states.map((state) => state.trim().toLowerCase()));
    const wantedTypes = new Set(types.map((type) => type.toLowerCase()));
    const listings: GroupListing[] = [];
    for (const group of this.#host.groups()) {
      if (wantedStates.size > 0 && !wantedStates.has(group.state.toLowerCase())) continue;
      if (wantedTypes.size > 0 && !wantedTypes.has(group.type)) continue;
      listings.push({ groupId: group.groupId, protocolType: group.protocolType ?? '', state: group.state, type: typeName(group) });
    }
    return listings;
  }

  /** Deletes an empty group with its offsets; resolves with an error code when that is durable. */
  async delete(groupId: string): Promise<number> {
    const group = this.#host.find(groupId);
    if (group === undefined) return Code.GROUP_ID_NOT_FOUND;
    if (group.state !== 'Empty') return Code.NON_EMPTY_GROUP;
    const records = groupRemoval(group);
    this.#host.forget(group);
    return this.#offsets.tombstone(groupId, this.#host.store.partitionsOf(groupId), records);
  }
}

/** Tombstones of everything the log has of a group, but for its offsets. */
export function groupRemoval(group: Group): KeyValue[] {
  if (group.type === 'classic') return [groupTombstone(group.groupId)];
  return removalEvents(group).map((event) => encodeEvent(group.groupId, event));
}

function typeName(group: Group): string {
  return group.type === 'classic' ? 'classic' : 'consumer';
}
