/** Whether a ConsumerGroupHeartbeat makes sense, whatever the group is like. Rules and words are Kafka's. */

import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code, MAX_ID_CHARACTERS } from '../../coordinator/index.ts';
import type { Assignor } from './assignors/types.ts';
import { JOIN_EPOCH, LEAVE_EPOCH, LEAVE_STATIC_EPOCH } from './member.ts';
import type { ConsumerHeartbeat } from './types.ts';

/** Throws INVALID_REQUEST or UNSUPPORTED_ASSIGNOR. */
export function validateHeartbeat(request: ConsumerHeartbeat, assignors: readonly Assignor[]): void {
  const { memberId, memberEpoch, groupId, instanceId, rackId, serverAssignor } = request;
  if (request.bringsMemberId || memberEpoch > 0 || memberEpoch === LEAVE_EPOCH) refuseEmpty(memberId, 'MemberId');
  refuseEmpty(groupId, 'GroupId');
  refuseEmpty(instanceId, 'InstanceId');
  refuseEmpty(rackId, 'RackId');
  if (memberEpoch === JOIN_EPOCH) validateJoin(request);
  else if (memberEpoch === LEAVE_STATIC_EPOCH && instanceId === null) throw invalid("InstanceId can't be null.");
  else if (memberEpoch < LEAVE_STATIC_EPOCH) throw invalid('MemberEpoch is invalid.');
  for (const name of [memberId, instanceId ?? '', rackId ?? '', ...(request.topicNames ?? [])]) refuseLong(name);
  if (serverAssignor !== null && !assignors.some(({ name }) => name === serverAssignor)) {
    const names = assignors.map(({ name }) => name).join(', ');
    throw new KafkaProtocolError(
      Code.UNSUPPORTED_ASSIGNOR,
      `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${names}.`,
    );
  }
}

function validateJoin({ rebalanceTimeoutMs, owned, topicNames, topicRegex }: ConsumerHeartbeat): void {
  if (rebalanceTimeoutMs === -1) throw invalid('RebalanceTimeoutMs must be provided in first request.');
  if (owned === null || owned.size > 0) throw invalid('TopicPartitions must be empty when (re-)joining.');
  if (topicNames === null && topicRegex === null) {
    throw invalid('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.');
  }
}

function refuseEmpty(value: string | null, name: string): void {
  if (value !== null && value.trim() === '') throw invalid(`${name} can't be empty.`);
}

/** What would not fit a record. Real names are far shorter. */
function refuseLong(name: string): void {
  if (name.length > MAX_ID_CHARACTERS) throw invalid(`A name of ${name.length} characters is too long; ${MAX_ID_CHARACTERS} are possible.`);
}

function invalid(message: string): KafkaProtocolError {
  return new KafkaProtocolError(Code.INVALID_REQUEST, message);
}
