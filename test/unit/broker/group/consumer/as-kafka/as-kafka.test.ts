import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { groupHandlers } from '../../../../../../src/broker/group/handlers.ts';
import { fakeBroker } from '../../../coordinator/fakes.ts';
import { call } from '../../../coordinator/wire.ts';
import { startGroups } from '../../harness.ts';
import { type Answer, Conversation, type Endpoint, type Step, TOPICS } from './conversation.ts';

interface Recorded {
  readonly seed: number;
  readonly exchanges: readonly (readonly [Step, Answer])[];
}

/** What Apache Kafka 4.3.0 answered; `record.ts` asked it. */
const recorded = readFileSync(new URL('answers.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

async function conversation(): Promise<Conversation> {
  const { broker, groups } = await startGroups(fakeBroker());
  const topicIds = new Map(Object.entries(TOPICS).map(([name, partitions]) => [name, Buffer.from(broker.topics.add(name, partitions).id)]));
  const handlers = groupHandlers({ groups, transactions: { verifyTransaction: () => 0 }, topics: broker.topics });
  const endpoint: Endpoint = { send: (api, version, request) => call(handlers, api, version, request) };
  return new Conversation(endpoint, 'G', topicIds);
}

describe('consumer groups answer as Apache Kafka 4.3 does', () => {
  it('to requests of every kind, right and wrong', () => {
    const kinds = new Set(recorded.flatMap(({ exchanges }) => exchanges.map(([{ op }, { errorCode }]) => `${op} ${errorCode}`)));
    for (const kind of [
      'heartbeat 0',
      'heartbeat 25',
      'heartbeat 82',
      'heartbeat 110',
      'heartbeat 111',
      'commit 0',
      'commit 113',
      'commit 22',
    ]) {
      expect(kinds).toContain(kind);
    }
    for (const kind of ['fetch 0', 'fetch 113', 'join 0', 'sync 0', 'sync 27', 'beat 0', 'beat 22', 'beat 27', 'leave 0', 'describe 0']) {
      expect(kinds).toContain(kind);
    }
  });

  it.each(recorded)('group $seed', async ({ exchanges }) => {
    const ours = await conversation();
    for (const [step, answer] of exchanges) expect([step, await ours.ask(step)]).toEqual([step, answer]);
  });
});
