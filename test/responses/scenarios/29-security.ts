import {
  AlterUserScramCredentials,
  CreateAcls,
  DeleteAcls,
  DescribeAcls,
  DescribeUserScramCredentials,
} from '../../../src/protocol/index.ts';
import { type Scenario, versionsOf } from '../talk.ts';

const SHA_256 = 1;
const SALT = Buffer.alloc(16, 3);

/** Without an authorizer, as brokers are by default; SCRAM credentials can be kept all the same. */
export const security: Scenario = {
  name: '29-security',
  async run(talk) {
    const acl = { resourceType: 2, resourceName: 'a', principal: 'User:a', host: '*', operation: 3, permissionType: 3 };
    const filter = {
      resourceTypeFilter: 1,
      resourceNameFilter: null,
      patternTypeFilter: 1,
      principalFilter: null,
      hostFilter: null,
      operation: 1,
      permissionType: 1,
    };
    for (const version of versionsOf(DescribeAcls)) await talk.ask('without an authorizer', DescribeAcls, version, filter);
    for (const version of versionsOf(CreateAcls)) await talk.ask('without an authorizer', CreateAcls, version, { creations: [acl] });
    for (const version of versionsOf(DeleteAcls)) await talk.ask('without an authorizer', DeleteAcls, version, { filters: [filter] });
    const describe = (step: string, names: readonly string[] | null) =>
      talk.ask(step, DescribeUserScramCredentials, 0, { users: names?.map((name) => ({ name })) ?? null });
    const upsert = (step: string, name: string, mechanism = SHA_256, iterations = 4_096, saltedPassword = Buffer.alloc(32, 4)) =>
      talk.ask(step, AlterUserScramCredentials, 0, {
        deletions: [],
        upsertions: [{ name, mechanism, iterations, salt: SALT, saltedPassword }],
      });
    const drop = (step: string, name: string, mechanism = SHA_256) =>
      talk.ask(step, AlterUserScramCredentials, 0, { deletions: [{ name, mechanism }], upsertions: [] });
    await describe('nobody yet', null);
    await upsert('a user', 'security-a');
    await upsert('with too few iterations', 'security-b', SHA_256, 100);
    await upsert('with too many iterations', 'security-b', SHA_256, 1_000_000);
    await upsert('with an unknown mechanism', 'security-b', 9);
    await upsert('without a name', '');
    await describe('a user', ['security-a']);
    await describe('an unknown user', ['security-nobody']);
    await describe('a user twice', ['security-a', 'security-a']);
    await drop('another mechanism is dropped', 'security-a', 2);
    await drop('an unknown user is dropped', 'security-nobody');
    await drop('a user is dropped', 'security-a');
    await describe('everybody', null);
    await talk.ask('nothing', AlterUserScramCredentials, 0, { deletions: [], upsertions: [] });
  },
};
