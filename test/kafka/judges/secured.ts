/** The engine over wire on an Apache Kafka that asks for TLS, a login and rights: docs/operating/security.md says which. */

import { OPERATIONS, PATTERN_TYPES, PERMISSIONS, RESOURCE_TYPES } from '../../../src/cli/admin/acl-words.ts';
import { type Acl, createAcls } from '../../../src/cli/admin/acls.ts';
import { KafkaClient } from '../../../src/client/index.ts';
import { createAuthority } from '../../support/certificates.ts';
import { ApacheKafka } from '../apache-kafka.ts';
import { CountingJob } from '../counting-job.ts';
import { expectThat, type Judge } from '../judge.ts';

const APPLICATION = 'app';
const PER_RUN = 4_000;
const ADMIN = { mechanism: 'PLAIN', username: 'admin', password: 'admin-secret' } as const;
const LOGINS = [
  { mechanism: 'SCRAM-SHA-256', username: 'job', password: 'job-secret' },
  { mechanism: 'SCRAM-SHA-512', username: 'job', password: 'job-secret' },
  { mechanism: 'PLAIN', username: 'job', password: 'job-plain-secret' },
] as const;
type Login = typeof ADMIN | (typeof LOGINS)[number];

const jaas = (module: string, options = '') => `org.apache.kafka.common.security.${module}LoginModule required${options};`;

/** Everything the counting application needs, and nothing more. */
const RIGHTS: readonly [type: number, name: string, patternType: number, operations: readonly number[]][] = [
  [RESOURCE_TYPES.topic, 'input', PATTERN_TYPES.literal, [OPERATIONS.read]],
  [RESOURCE_TYPES.topic, 'copies', PATTERN_TYPES.literal, [OPERATIONS.write]],
  [RESOURCE_TYPES.topic, 'counts', PATTERN_TYPES.literal, [OPERATIONS.write]],
  [
    RESOURCE_TYPES.topic,
    `${APPLICATION}-`,
    PATTERN_TYPES.prefixed,
    [OPERATIONS.create, OPERATIONS.read, OPERATIONS.write, OPERATIONS.delete],
  ],
  [RESOURCE_TYPES.group, APPLICATION, PATTERN_TYPES.literal, [OPERATIONS.read]],
  [RESOURCE_TYPES['transactional-id'], `${APPLICATION}-`, PATTERN_TYPES.prefixed, [OPERATIONS.write]],
];

const ACLS: readonly Acl[] = RIGHTS.flatMap(([type, name, patternType, operations]) =>
  operations.map((operation) => ({
    resource: { type, name },
    patternType,
    principal: 'User:job',
    host: '*',
    operation,
    permission: PERMISSIONS.allow,
  })),
);

const leastRights: Judge = {
  name: 'engine over wire, SASL_SSL with PLAIN and SCRAM, and no more rights than needed',
  subjects: ['Apache Kafka'],
  async run({ classPath }) {
    const authority = createAuthority('test:kafka');
    const kafka = await startSecured(classPath, authority.issue('broker'));
    const settings = (login: Login) => clientSettings(login, authority.cert);
    const everywhere = (login: Login) => ({ consumer: settings(login), producer: settings(login), admin: settings(login) });
    const { mechanism, ...credentials } = ADMIN;
    const admin = KafkaClient.open({
      bootstrapServers: kafka.bootstrapServers,
      tls: { ca: authority.cert },
      sasl: { mechanism, ...credentials },
    });
    let job: CountingJob | undefined;
    try {
      await admin.reach(30_000);
      job = await CountingJob.prepare(kafka.bootstrapServers, everywhere(ADMIN));
      const refused = await job.launch(everywhere(LOGINS[0])).catch((error: unknown) => String(error));
      expectThat(typeof refused === 'string' && /AUTHORIZATION_FAILED/.test(refused), 'without rights nothing may run', String(refused));
      await createAcls(admin, ACLS);
      for (const login of LOGINS) {
        await job.write(PER_RUN);
        const app = await job.launch(everywhere(login));
        await app.caughtUp();
        expectThat((await app.stop()) === 0, `with ${login.mechanism} it did not close in order`, app.errors);
      }
      return `${LOGINS.map((login) => login.mechanism).join(', ')}: ${await job.verify()}`;
    } finally {
      admin.close();
      await job?.close();
      await kafka.close();
    }
  },
};

function startSecured(classPath: string, { cert, key }: { readonly cert: string; readonly key: string }): Promise<ApacheKafka> {
  const plain = [ADMIN, ...LOGINS].filter(({ mechanism }) => mechanism === 'PLAIN');
  const users = plain.map(({ username, password }) => ` user_${username}="${password}"`).join('');
  const scram = LOGINS.filter(({ mechanism }) => mechanism !== 'PLAIN');
  return ApacheKafka.start({
    classPath,
    clientProtocol: 'SASL_SSL',
    format: scram.flatMap(({ mechanism, username, password }) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`]),
    config: {
      'sasl.enabled.mechanisms': LOGINS.map(({ mechanism }) => mechanism).join(','),
      'listener.name.client.plain.sasl.jaas.config': jaas('plain.Plain', users),
      'listener.name.client.scram-sha-256.sasl.jaas.config': jaas('scram.Scram'),
      'listener.name.client.scram-sha-512.sasl.jaas.config': jaas('scram.Scram'),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.certificate.chain': cert.trim(),
      'ssl.keystore.key': key.trim(),
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // The broker itself comes without a login, on listeners of its own.
      'super.users': `User:ANONYMOUS;User:${ADMIN.username}`,
    },
  });
}

function clientSettings({ mechanism, username, password }: Login, ca: string): Record<string, string> {
  return {
    'security.protocol': 'SASL_SSL',
    'ssl.ca.pem': ca,
    'sasl.mechanism': mechanism,
    'sasl.username': username,
    'sasl.password': password,
  };
}

export const securedJudges: readonly Judge[] = [leastRights];
