/** The deadlines of one member of a consumer group. Nobody waits longer than one of them. */

import { Deadline } from '../../coordinator/index.ts';
import type { Clock } from '../../seams.ts';

/** What to do with a member that missed a deadline; `reason` completes "is removed because". */
export type OnMissed = (reason: string) => void;

export class MemberTimers {
  /** The next heartbeat. */
  readonly session: Deadline;
  /** Giving up partitions; of members of the new protocol only. */
  readonly revocation: Deadline;
  /** JoinGroup of a classic member that was told to join again. */
  readonly join: Deadline;
  /** SyncGroup of a classic member that has joined. */
  readonly sync: Deadline;
  /** Member epoch the revocation deadline is about. */
  revokingEpoch = -1;

  constructor(clock: Clock, onMissed: OnMissed) {
    this.session = new Deadline(clock, () => onMissed('its session expired'));
    this.revocation = new Deadline(clock, () => onMissed(`it did not give up its partitions of epoch ${this.revokingEpoch} in time`));
    this.join = new Deadline(clock, () => onMissed('it did not join again in time'));
    this.sync = new Deadline(clock, () => onMissed('it sent no SyncGroup in time'));
  }

  cancel(): void {
    this.session.cancel();
    this.revocation.cancel();
    this.join.cancel();
    this.sync.cancel();
  }
}
