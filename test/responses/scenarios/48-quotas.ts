import { AlterClientQuotas, DescribeClientQuotas, type RequestInput } from '../../../src/protocol/index.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

type Entry = RequestInput<typeof AlterClientQuotas>['entries'][number];
type Component = RequestInput<typeof DescribeClientQuotas>['components'][number];

const [BY_NAME, BY_DEFAULT, ANY] = [0, 1, 2];

export const quotas: Scenario = {
  name: '48-quotas',
  async run(talk) {
    for (const version of versionsOf(AlterClientQuotas)) await altering(talk, version);
    for (const version of versionsOf(DescribeClientQuotas)) await describing(talk, version);
  },
};

const entity = (entityType: string, entityName: string | null): Entry['entity'][number] => ({ entityType, entityName });
const set = (key: string, value: number): Entry['ops'][number] => ({ key, value, remove: false });
const remove = (key: string): Entry['ops'][number] => ({ key, value: 0, remove: true });

async function altering(talk: Talk, version: number): Promise<void> {
  const user = `quotas-${version}`;
  const ask = async (step: string, entities: Entry['entity'], ops: Entry['ops'], validateOnly = false) => {
    await talk.ask(step, AlterClientQuotas, version, { entries: [{ entity: entities, ops }], validateOnly });
    await talk.settled();
  };
  await ask('only checked', [entity('user', user)], [set('producer_byte_rate', 1_000)], true);
  await ask('of a user', [entity('user', user)], [set('producer_byte_rate', 1_000_000), set('consumer_byte_rate', 2_000_000)]);
  await ask('of a user and a client', [entity('user', user), entity('client-id', 'quotas-client')], [set('request_percentage', 50)]);
  await ask('one is removed', [entity('user', user)], [remove('consumer_byte_rate')]);
  await ask('an unknown key', [entity('user', user)], [set('no_such_rate', 1)]);
  await ask('a negative value', [entity('user', user)], [set('producer_byte_rate', -1)]);
  await ask('an unknown kind of entity', [entity('nobody', 'x')], [set('producer_byte_rate', 1)]);
  await ask('an empty name', [entity('user', '')], [set('producer_byte_rate', 1)]);
  await ask('no entity', [], [set('producer_byte_rate', 1)]);
  await talk.ask('nothing', AlterClientQuotas, version, { entries: [], validateOnly: false });
}

async function describing(talk: Talk, version: number): Promise<void> {
  const ask = (step: string, components: readonly Component[], strict = false) =>
    talk.ask(step, DescribeClientQuotas, version, { components, strict });
  const user = { entityType: 'user', matchType: BY_NAME, match: 'quotas-0' };
  await ask('of a user', [user], true);
  await ask('of the default user', [{ entityType: 'user', matchType: BY_DEFAULT, match: null }]);
  await ask('of a user and any client', [user, { entityType: 'client-id', matchType: ANY, match: null }], true);
  await ask('of an unknown user', [{ ...user, match: 'quotas-nobody' }]);
  await ask('of an unknown kind', [{ ...user, entityType: 'nobody' }]);
  await ask('of a user twice', [user, user]);
  await ask('an unknown kind of match', [{ ...user, matchType: 9 }]);
}
