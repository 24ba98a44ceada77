/** The settings of consumer groups: a group's own (resource type GROUP) before the broker's (`group.consumer.*`). */

import { type BrokerConfig, intSetting } from '../../coordinator/index.ts';
import { rangeAssignor } from './assignors/range.ts';
import type { Assignor } from './assignors/types.ts';
import { uniformAssignor } from './assignors/uniform.ts';

/** What may happen to a group whose members change from one protocol to the other (KIP-848). */
export type MigrationPolicy = 'disabled' | 'upgrade' | 'downgrade' | 'bidirectional';

/** Configs of one group by name; empty for a group that has none of its own. */
export type GroupConfigSource = (groupId: string) => Readonly<Record<string, string | undefined>>;

const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([uniformAssignor, rangeAssignor].map((assignor) => [assignor.name, assignor]));

export class ConsumerGroupSettings {
  readonly #config: BrokerConfig;
  readonly #groupConfig: GroupConfigSource;

  constructor(config: BrokerConfig, groupConfig: GroupConfigSource) {
    this.#config = config;
    this.#groupConfig = groupConfig;
  }

  /** A member that sends no heartbeat for so long is out. Default 45,000. */
  sessionTimeoutMs(groupId: string): number {
    return this.#own(groupId, 'consumer.session.timeout.ms') ?? intSetting(this.#config, 'group.consumer.session.timeout.ms');
  }

  /** How often members shall send heartbeats. Default 5,000. */
  heartbeatIntervalMs(groupId: string): number {
    return this.#own(groupId, 'consumer.heartbeat.interval.ms') ?? intSetting(this.#config, 'group.consumer.heartbeat.interval.ms');
  }

  /** Time between two target assignments (KIP-1263). Default 0; Kafka 4.3: 1,000. */
  assignmentIntervalMs(groupId: string): number {
    return this.#own(groupId, 'consumer.assignment.interval.ms') ?? intSetting(this.#config, 'group.consumer.assignment.interval.ms');
  }

  /** Regular expressions are resolved anew after this, even if no topic was created. Default 600,000. */
  get regexRefreshIntervalMs(): number {
    return intSetting(this.#config, 'group.consumer.regex.refresh.interval.ms');
  }

  get maxSize(): number {
    return intSetting(this.#config, 'group.consumer.max.size');
  }

  get classicMaxSize(): number {
    return intSetting(this.#config, 'group.max.size');
  }

  /** Assignors a member may ask for; the first is the default. */
  get assignors(): readonly Assignor[] {
    const names = (this.#config['group.consumer.assignors'] ?? '').split(',').map((name) => name.trim());
    const known = names.flatMap((name) => ASSIGNORS.get(name) ?? []);
    return known.length > 0 ? known : [...ASSIGNORS.values()];
  }

  get canUpgrade(): boolean {
    return this.#migrationPolicy === 'bidirectional' || this.#migrationPolicy === 'upgrade';
  }

  get canDowngrade(): boolean {
    return this.#migrationPolicy === 'bidirectional' || this.#migrationPolicy === 'downgrade';
  }

  get #migrationPolicy(): MigrationPolicy {
    return (this.#config['group.consumer.migration.policy'] ?? 'bidirectional').trim().toLowerCase() as MigrationPolicy;
  }

  #own(groupId: string, name: string): number | undefined {
    const value = this.#groupConfig(groupId)[name];
    return value === undefined ? undefined : Number(value);
  }
}
