/** Members of both protocols that come, go, repeat themselves and get things wrong, by a seed and by what they are told. */

import { type Answer, type Partitions, type Step, TOPICS } from './conversation.ts';

const STEPS = 60;
const MAX_MEMBERS = 6;
const REBALANCE_IN_PROGRESS = 27;
/** Codes after which a member starts from nothing: unknown group, unknown member, fenced epoch. */
const START_AGAIN = new Set([69, 25, 110]);

interface Member {
  readonly classic: boolean;
  readonly name: string;
  readonly instance: string | null;
  topics: readonly string[];
  epoch: number;
  owned: Partitions;
  last: Step | null;
}

type Ask = (step: Step) => Promise<Answer>;

/** Numerical Recipes' generator: the same numbers everywhere. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export class RandomGroup {
  readonly #random: (below: number) => number;
  readonly #ask: Ask;
  #members: Member[] = [];
  #made = 0;

  constructor(random: (below: number) => number, ask: Ask) {
    this.#random = random;
    this.#ask = ask;
  }

  /** Ends when the group has become a classic one: what follows is another protocol. */
  async run(): Promise<void> {
    for (let step = 0; step < STEPS && !(await this.#isClassic()); step++) {
      const member = this.#members[this.#random(Math.max(this.#members.length, 1))];
      const dice = this.#random(100);
      if (member === undefined || (dice < 14 && this.#members.length < MAX_MEMBERS)) await this.#join();
      else if (dice < 20) await this.#ask({ op: 'describe' });
      else if (member.classic) await this.#classicStep(member, dice);
      else await this.#consumerStep(member, dice);
    }
    await this.#ask({ op: 'describe' });
  }

  async #isClassic(): Promise<boolean> {
    if (this.#members.length === 0 || this.#members.some(({ classic }) => !classic)) return false;
    const { list } = await this.#ask({ op: 'describe' });
    return JSON.stringify(list).includes('classic');
  }

  async #join(): Promise<void> {
    const classic = this.#members.some((member) => !member.classic) && this.#random(3) === 0;
    const instance = classic || this.#random(3) === 0 ? `s${this.#random(5)}` : null;
    const name = `${classic ? 'k' : 'm'}${String(this.#made++).padStart(3, '0')}`;
    const member: Member = { classic, name, instance, topics: this.#someTopics(), epoch: 0, owned: {}, last: null };
    const { errorCode } = classic ? await this.#classicJoin(member) : await this.#heartbeat(member, full(member));
    if (errorCode !== 0) return;
    if (instance !== null) this.#members = this.#members.filter((other) => other.instance !== instance);
    this.#members.push(member);
  }

  #someTopics(): string[] {
    const topics = Object.keys(TOPICS).filter(() => this.#random(3) > 0);
    return topics.length === 0 ? ['ta'] : topics;
  }

  async #consumerStep(member: Member, dice: number): Promise<void> {
    const { epoch, instance, owned } = member;
    if (dice < 25) await this.#leave(member, -1);
    else if (dice < 29 && instance !== null) await this.#leave(member, -2);
    else if (dice < 33)
      await this.#heartbeat(member, { ...usual(member), epoch: this.#wrongEpoch(epoch), owned: this.#random(2) === 0 ? null : owned });
    else if (dice < 38 && member.last !== null) await this.#heartbeat(member, member.last);
    else if (dice < 44) await this.#changeTopics(member);
    else if (dice < 52) await this.#commit(member);
    else if (dice < 55) await this.#ask({ op: 'fetch', member: member.name, epoch: epoch - this.#random(2) });
    else if (dice < 58) await this.#ask({ ...usual(member), instance: ['s0', 's9', null][this.#random(3)]!, owned: null });
    else if (dice < 61) await this.#joinAgain(member);
    else if (dice < 68) await this.#heartbeat(member, full(member));
    else await this.#heartbeat(member, epoch === 0 ? full(member) : usual(member), this.#random(8) === 0);
  }

  #wrongEpoch(epoch: number): number {
    return Math.max([epoch - 1, epoch + 1, epoch - 2, 1][this.#random(4)]!, 1);
  }

  async #leave(member: Member, epoch: -1 | -2): Promise<void> {
    await this.#ask({ ...usual(member), epoch, owned: null });
    this.#members = this.#members.filter((other) => other !== member);
    if (epoch === -1 || this.#random(2) === 0) return;
    const back: Member = { ...member, name: `m${String(this.#made++).padStart(3, '0')}`, epoch: 0, owned: {}, last: null };
    if ((await this.#heartbeat(back, full(back))).errorCode === 0) this.#members.push(back);
  }

  async #changeTopics(member: Member): Promise<void> {
    member.topics = this.#someTopics();
    await this.#heartbeat(member, member.epoch === 0 ? full(member) : { ...usual(member), topics: member.topics });
  }

  async #joinAgain(member: Member): Promise<void> {
    const again: Step = { ...full(member), epoch: 0, owned: {} };
    await this.#heartbeat(member, again);
  }

  async #commit({ name, instance, epoch }: Member): Promise<void> {
    const topic = Object.keys(TOPICS)[this.#random(3)]!;
    await this.#ask({
      op: 'commit',
      member: name,
      instance,
      epoch: epoch - this.#random(3),
      topic,
      partition: this.#random(TOPICS[topic]!),
    });
  }

  /** `lost`: the member never sees the answer. */
  async #heartbeat(member: Member, step: Step, lost = false): Promise<Answer> {
    member.last = step;
    const answer = await this.#ask(step);
    if (lost) return answer;
    if (START_AGAIN.has(answer.errorCode)) {
      member.epoch = 0;
      member.owned = {};
    }
    if (answer.errorCode !== 0) return answer;
    member.epoch = Number(answer['epoch']);
    member.owned = (answer['assignment'] as Partitions | null) ?? member.owned;
    return answer;
  }

  async #classicStep(member: Member, dice: number): Promise<void> {
    const { name, epoch } = member;
    const instance = member.instance!;
    const beat = (generation: number) => this.#ask({ op: 'beat', member: name, instance, generation });
    if (dice < 25) {
      await this.#ask({ op: 'leave', instance });
      this.#members = this.#members.filter((other) => other !== member);
    } else if (dice < 31) {
      await beat(epoch - 1 + this.#random(3));
    } else if (dice < 37) {
      await this.#commit(member);
    } else if (dice < 62) {
      if ((await beat(epoch)).errorCode === REBALANCE_IN_PROGRESS) await this.#classicJoin(member);
    } else if (dice < 82) {
      const { errorCode, assigned } = await this.#ask({ op: 'sync', member: name, instance, generation: epoch });
      if (errorCode === 0) member.owned = assigned as Partitions;
    } else {
      await this.#classicJoin(member);
    }
  }

  async #classicJoin(member: Member): Promise<Answer> {
    const answer = await this.#ask({
      op: 'join',
      member: member.name,
      instance: member.instance!,
      topics: member.topics,
      owned: member.owned,
    });
    if (answer.errorCode === 0) member.epoch = Number(answer['generationId']);
    return answer;
  }
}

function usual({ name, epoch, instance, owned }: Member): Extract<Step, { op: 'heartbeat' }> {
  return { op: 'heartbeat', member: name, epoch, instance, topics: null, owned, full: false };
}

function full(member: Member): Extract<Step, { op: 'heartbeat' }> {
  return { ...usual(member), topics: member.topics, full: true };
}
