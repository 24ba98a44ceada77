import { describe, expect, it } from 'vitest';
import { FetchPartition } from '../../../../src/client/fetch/partition.ts';
import { FetchSession } from '../../../../src/client/fetch/session.ts';
import { ErrorCode } from '../../../../src/protocol/index.ts';

function partition(topic: string, number: number, offset = 0): FetchPartition {
  const made = new FetchPartition(topic, number, offset, undefined);
  made.leader = { node: { id: 1, host: 'h', port: 1, rack: null }, epoch: 4, topicId: Buffer.alloc(16, topic) };
  return made;
}
/** What a request says, in short. */
function ask(session: FetchSession, wanted: FetchPartition[], version = 13): string {
  const { sessionId, sessionEpoch, topics, forgottenTopicsData } = session.next(version, wanted, 1000);
  const names = topics.flatMap(({ topic, partitions }) => partitions.map((one) => `${topic}${one.partition}@${one.fetchOffset}`));
  const forgotten = (forgottenTopicsData ?? []).flatMap(({ topic, partitions }) => partitions.map((one) => `-${topic}${one}`));
  return `${sessionId}/${sessionEpoch} ${[...names, ...forgotten].join(' ')}`.trimEnd();
}

describe('a fetch session', () => {
  it('sends everything once, then only what has changed', () => {
    const session = new FetchSession();
    const [a, b] = [partition('a', 0), partition('b', 1)];
    expect(ask(session, [a, b])).toBe('0/0 a0@0 b1@0');
    expect(session.accept(ErrorCode.NONE, 77)).toBe(true);
    expect(ask(session, [a, b])).toBe('77/1');
    session.accept(ErrorCode.NONE, 77);
    a.fetchOffset = 5;
    expect(ask(session, [a, partition('c', 2)])).toBe('77/2 a0@5 c2@0 -b1');
    session.accept(ErrorCode.NONE, 77);
    a.leader = { ...a.leader!, epoch: 5 };
    expect(ask(session, [a])).toBe('77/3 a0@5 -c2');
  });

  it('takes a topic made anew for another', () => {
    const session = new FetchSession();
    const a = partition('a', 0);
    ask(session, [a]);
    session.accept(ErrorCode.NONE, 77);
    a.leader = { ...a.leader!, topicId: Buffer.alloc(16, 'x') };
    expect(ask(session, [a])).toBe('77/1 a0@0 -a0');
    session.accept(ErrorCode.NONE, 77);
    expect(ask(session, [a], 12)).toBe('77/2 a0@0 -a0');
  });

  it('starts over when the broker has forgotten it, closing it when only the epoch is wrong', () => {
    const session = new FetchSession();
    const a = partition('a', 0);
    ask(session, [a]);
    session.accept(ErrorCode.NONE, 77);
    ask(session, [a]);
    expect(session.accept(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0)).toBe(false);
    expect(ask(session, [a])).toBe('0/0 a0@0');
    session.accept(ErrorCode.NONE, 78);
    ask(session, [a]);
    expect(session.accept(ErrorCode.INVALID_FETCH_SESSION_EPOCH, 0)).toBe(false);
    expect(ask(session, [a])).toBe('78/0 a0@0');
    session.accept(ErrorCode.NONE, 79);
    ask(session, [a]);
    session.restart();
    expect(ask(session, [a])).toBe('79/0 a0@0');
  });

  it('starts over after the request under way when that is wanted meanwhile', () => {
    const session = new FetchSession();
    const a = partition('a', 0);
    ask(session, [a]);
    session.accept(ErrorCode.NONE, 77);
    ask(session, [a]);
    session.restart();
    session.accept(ErrorCode.NONE, 77);
    expect(ask(session, [a])).toBe('77/0 a0@0');
    session.accept(ErrorCode.NONE, 78);
    expect(ask(session, [a])).toBe('78/1');
  });

  it('asks for everything each time where the broker grants none', () => {
    const session = new FetchSession();
    const a = partition('a', 0);
    ask(session, [a]);
    session.accept(ErrorCode.NONE, 0);
    expect(ask(session, [a])).toBe('0/0 a0@0');
  });
});
