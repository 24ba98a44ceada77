/** What the parts of the consumer group coordinator work with. */

import type { CoordinatorLogger, InternalTopic, Readiness } from '../../coordinator/index.ts';
import type { Clock } from '../../seams.ts';
import type { ClassicGroup } from '../classic-group.ts';
import type { Group } from '../group.ts';
import type { Rebalancer } from '../rebalance.ts';
import type { ConsumerGroupSettings } from './settings.ts';
import type { TopicView } from './topic-view.ts';

export interface ConsumerGroupHost {
  readonly clock: Clock;
  readonly log: CoordinatorLogger;
  readonly topic: InternalTopic;
  readonly readiness: Pick<Readiness, 'isServing'>;
  readonly topics: TopicView;
  readonly settings: ConsumerGroupSettings;
  readonly rebalancer: Rebalancer;
  find(groupId: string): Group | undefined;
  /** Takes the place of whatever group had the id. */
  register(group: Group): void;
  /** An empty classic group that is not registered yet. */
  newClassic(groupId: string): ClassicGroup;
}
