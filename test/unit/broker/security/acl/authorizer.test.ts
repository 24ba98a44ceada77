import { describe, expect, it } from 'vitest';
import { AclStore } from '../../../../../src/broker/security/acl/acl-store.ts';
import { AclAuthorizer, type Client } from '../../../../../src/broker/security/acl/authorizer.ts';
import type { AclBinding } from '../../../../../src/broker/security/acl/binding.ts';
import { Operation, PatternType, Permission, ResourceType } from '../../../../../src/broker/security/acl/constants.ts';
import { SeededRandom } from '../../../protocol/seeded-random.ts';

const ALICE: Client = { principal: 'User:alice', clientHost: '10.0.0.1' };
const { TOPIC, GROUP } = ResourceType;

function acl(more: Partial<AclBinding> = {}): AclBinding {
  return {
    resourceType: TOPIC,
    resourceName: 'orders',
    patternType: PatternType.LITERAL,
    principal: 'User:alice',
    host: '*',
    operation: Operation.READ,
    permissionType: Permission.ALLOW,
    ...more,
  };
}

function authorizerOf(acls: readonly AclBinding[], options: { superUsers?: string[]; allowEveryoneIfNoAclFound?: boolean } = {}) {
  const store = new AclStore(() => undefined);
  for (const one of acls) store.add(one);
  return { store, authorizer: new AclAuthorizer(store, { superUsers: [], allowEveryoneIfNoAclFound: false, ...options }) };
}

const allows = (acls: readonly AclBinding[], operation: number, name = 'orders', client = ALICE): boolean =>
  authorizerOf(acls).authorizer.allows(client, operation, TOPIC, name);

describe('what an allowed operation implies', () => {
  const implied: [number, number[]][] = [
    [Operation.READ, [Operation.READ, Operation.DESCRIBE]],
    [Operation.WRITE, [Operation.WRITE, Operation.DESCRIBE]],
    [Operation.DELETE, [Operation.DELETE, Operation.DESCRIBE]],
    [Operation.ALTER, [Operation.ALTER, Operation.DESCRIBE]],
    [Operation.CREATE, [Operation.CREATE]],
    [Operation.DESCRIBE, [Operation.DESCRIBE]],
    [Operation.ALTER_CONFIGS, [Operation.ALTER_CONFIGS, Operation.DESCRIBE_CONFIGS]],
    [Operation.DESCRIBE_CONFIGS, [Operation.DESCRIBE_CONFIGS]],
  ];
  const all = implied.map(([operation]) => operation);

  it.each(implied)('%i', (operation, expected) => {
    expect(all.filter((asked) => allows([acl({ operation })], asked)).sort()).toEqual(expected.sort());
  });

  it('ALL implies everything, allowed or denied', () => {
    const everything = acl({ operation: Operation.ALL });
    expect(all.every((asked) => allows([everything], asked))).toBe(true);
    const nothing = { ...everything, permissionType: Permission.DENY };
    expect(all.some((asked) => allows([...all.map((operation) => acl({ operation })), nothing], asked))).toBe(false);
  });

  it('denying an operation denies no other', () => {
    const denied = acl({ permissionType: Permission.DENY });
    expect(allows([denied, acl({ operation: Operation.DESCRIBE })], Operation.DESCRIBE)).toBe(true);
  });
});

describe('who is meant', () => {
  it('an address of IPv4 on a socket of both families', () => {
    const fromHost = [acl({ host: '10.0.0.1' })];
    expect(allows(fromHost, Operation.READ, 'orders', { ...ALICE, clientHost: '::ffff:10.0.0.1' })).toBe(true);
    expect(allows(fromHost, Operation.READ, 'orders', { ...ALICE, clientHost: '10.0.0.2' })).toBe(false);
  });

  it('super users, whatever is denied', () => {
    const denied = acl({ principal: 'User:*', operation: Operation.ALL, permissionType: Permission.DENY });
    const { authorizer } = authorizerOf([denied], { superUsers: ['User:alice'] });
    expect(authorizer.allows(ALICE, Operation.WRITE, TOPIC, 'orders')).toBe(true);
    expect(authorizer.allows({ ...ALICE, principal: 'User:Alice' }, Operation.WRITE, TOPIC, 'orders')).toBe(false);
  });

  it('everybody where nothing is said, if that is wanted, but not where an ACL names somebody else', () => {
    const { authorizer } = authorizerOf([acl({ principal: 'User:bob' })], { allowEveryoneIfNoAclFound: true });
    expect(authorizer.allows(ALICE, Operation.READ, TOPIC, 'free')).toBe(true);
    expect(authorizer.allows(ALICE, Operation.READ, TOPIC, 'orders')).toBe(false);
    expect(authorizer.allows(ALICE, Operation.READ, GROUP, 'orders')).toBe(true);
  });
});

it('decisions are forgotten when ACLs change', () => {
  const { authorizer, store } = authorizerOf([]);
  const ask = (): boolean => authorizer.allows(ALICE, Operation.READ, TOPIC, 'orders');
  expect(ask()).toBe(false);
  store.add(acl());
  expect(ask()).toBe(true);
  store.add(acl({ permissionType: Permission.DENY }));
  expect(ask()).toBe(false);
  store.delete(acl({ permissionType: Permission.DENY }));
  expect(ask()).toBe(true);
});

it('names and principals that look alike together are told apart', () => {
  const { authorizer } = authorizerOf([acl({ principal: 'User:a b', resourceName: 'c' })]);
  expect(authorizer.allows({ principal: 'User:a b', clientHost: '' }, Operation.READ, TOPIC, 'c')).toBe(true);
  expect(authorizer.allows({ principal: 'User:a', clientHost: '' }, Operation.READ, TOPIC, 'b c')).toBe(false);
  expect(authorizer.allows({ principal: 'User:a b c', clientHost: '' }, Operation.READ, TOPIC, '')).toBe(false);
});

it('names of any length are decided, the prefix of which may be what counts', () => {
  const { authorizer, store } = authorizerOf([acl({ patternType: PatternType.PREFIXED, resourceName: 'orders' })]);
  const ask = (name: string): boolean => authorizer.allows(ALICE, Operation.READ, TOPIC, name);
  for (const length of [6, 255, 256, 30_000]) {
    expect(ask('orders'.padEnd(length, 'x'))).toBe(true);
    expect(ask('order'.padEnd(length, 'x'))).toBe(false);
  }
  store.add(acl({ patternType: PatternType.PREFIXED, resourceName: 'orders'.padEnd(300, 'x'), permissionType: Permission.DENY }));
  expect(ask('orders'.padEnd(299, 'x'))).toBe(true);
  expect(ask('orders'.padEnd(300, 'x'))).toBe(false);
});

describe('whether there may be a topic to write to', () => {
  const some = (...acls: Partial<AclBinding>[]): boolean =>
    authorizerOf(acls.map((more) => acl({ operation: Operation.WRITE, ...more }))).authorizer.allowsSome(ALICE, Operation.WRITE, TOPIC);
  const deny = { permissionType: Permission.DENY };
  const prefixed = { patternType: PatternType.PREFIXED };

  it.each<[string, boolean, Partial<AclBinding>[]]>([
    ['no ACL', false, []],
    ['a topic', true, [{}]],
    ['a topic that is denied', false, [{}, deny]],
    ['a topic of two', true, [{}, { resourceName: 'other' }, deny]],
    ['a topic with a denied prefix', false, [{}, { ...deny, ...prefixed, resourceName: 'ord' }]],
    ['a prefix', true, [prefixed]],
    ['a prefix of which one topic is denied', true, [prefixed, { ...deny }]],
    ['a prefix that is denied as a whole', false, [prefixed, { ...deny, ...prefixed, resourceName: 'or' }]],
    ['all', true, [{ resourceName: '*' }, { ...deny, ...prefixed, resourceName: 'o' }]],
    ['all, but denied', false, [{ resourceName: '*' }, { ...deny, resourceName: '*' }]],
    ['another operation', false, [{ operation: Operation.READ }]],
    ['every operation', true, [{ operation: Operation.ALL }]],
    ['another user', false, [{ principal: 'User:bob' }]],
    ['another host', false, [{ host: '10.0.0.2' }]],
    ['another type', false, [{ resourceType: GROUP }]],
  ])('%s', (_, expected, acls) => {
    expect(some(...acls)).toBe(expected);
  });

  it('every topic of a super user', () => {
    const { authorizer } = authorizerOf([acl({ resourceName: '*', operation: Operation.WRITE, ...deny })], { superUsers: ['User:alice'] });
    expect(authorizer.allowsSome(ALICE, Operation.WRITE, TOPIC)).toBe(true);
  });
});

/** The rules as Kafka's documentation has them, without an index and without memory. */
function byTheRules(acls: readonly AclBinding[], { principal, clientHost }: Client, operation: number, name: string): boolean {
  const matching = acls.filter(({ patternType, resourceName }) =>
    patternType === PatternType.PREFIXED ? name.startsWith(resourceName) : resourceName === name || resourceName === '*',
  );
  const concerning = matching.filter((one) => [principal, 'User:*'].includes(one.principal) && [clientHost, '*'].includes(one.host));
  const says = (permissionType: number, operations: readonly number[]): boolean =>
    concerning.some((one) => one.permissionType === permissionType && [...operations, Operation.ALL as number].includes(one.operation));
  if (says(Permission.DENY, [operation])) return false;
  const implying: Record<number, number[]> = {
    [Operation.DESCRIBE]: [Operation.DESCRIBE, Operation.READ, Operation.WRITE, Operation.DELETE, Operation.ALTER],
    [Operation.DESCRIBE_CONFIGS]: [Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS],
  };
  return says(Permission.ALLOW, implying[operation] ?? [operation]);
}

describe('random ACLs are decided by the rules', () => {
  const seed = Number(process.env['ACL_SEED'] ?? 20260401);

  it(`ACL_SEED=${seed}`, () => {
    const random = new SeededRandom(seed);
    const pick = <T>(values: readonly T[]): T => random.pick(values);
    const names = ['a', 'ab', 'abc', 'b', '*', 'abd'];
    const operations = Object.values(Operation).filter((operation) => operation >= Operation.ALL && operation <= Operation.ALTER_CONFIGS);
    const hosts = ['*', '10.0.0.1', '10.0.0.2'];
    const principals = ['User:alice', 'User:bob', 'User:*'];
    for (let round = 0; round < 300; round++) {
      const acls = new Map<string, AclBinding>();
      const { authorizer, store } = authorizerOf([]);
      for (let change = 0; change < 12; change++) {
        const one = acl({
          resourceName: pick(names),
          patternType: pick([PatternType.LITERAL, PatternType.PREFIXED]),
          principal: pick(principals),
          host: pick(hosts),
          operation: pick(operations),
          permissionType: pick([Permission.ALLOW, Permission.ALLOW, Permission.DENY]),
        });
        if (random.chance(0.2) && acls.size > 0) {
          const [key, gone] = pick([...acls]);
          store.delete(gone);
          acls.delete(key);
        } else {
          store.add(one);
          acls.set(JSON.stringify(one), one);
        }
        const client = { principal: pick(principals.slice(0, 2)), clientHost: pick(hosts.slice(1)) };
        const operation = pick(operations.filter((asked) => asked !== Operation.ALL));
        const name = pick(names.filter((asked) => asked !== '*'));
        const expected = byTheRules([...acls.values()], client, operation, name);
        expect(
          authorizer.allows(client, operation, TOPIC, name),
          JSON.stringify({ client, operation, name, acls: [...acls.values()] }),
        ).toBe(expected);
      }
    }
  });
});
