/** DescribeUserScramCredentials and AlterUserScramCredentials, version 0 each (KIP-554), as Kafka's `ScramControlManager`. */

import {
  AlterUserScramCredentials,
  DescribeUserScramCredentials,
  ErrorCode,
  MAX_SCRAM_ITERATIONS,
  MIN_SCRAM_ITERATIONS,
  type RequestOf,
  type ResponseInput,
  scramKeys,
  scramMechanismByType,
} from '../../../protocol/index.ts';
import { type HandlerMap, handle } from '../../coordinator/handler-map.ts';
import type { ScramCredentials } from './scram-credentials.ts';

type AlterRequest = RequestOf<typeof AlterUserScramCredentials>;
type AlterResult = ResponseInput<typeof AlterUserScramCredentials>['results'][number];
type DescribeResult = ResponseInput<typeof DescribeUserScramCredentials>['results'][number];

interface Problem {
  readonly errorCode: number;
  readonly errorMessage: string;
}

const TWICE: Problem = {
  errorCode: ErrorCode.DUPLICATE_RESOURCE,
  errorMessage: 'A user credential cannot be altered twice in the same request',
};

export function addScramHandlers(handlers: HandlerMap, credentials: ScramCredentials): void {
  handle(handlers, DescribeUserScramCredentials, (request) => describe(request, credentials));
  handle(handlers, AlterUserScramCredentials, (request) => ({ results: alter(request, credentials) }));
}

function describe(
  { users }: RequestOf<typeof DescribeUserScramCredentials>,
  credentials: ScramCredentials,
): ResponseInput<typeof DescribeUserScramCredentials> {
  const asked = users === null || users.length === 0 ? credentials.userNames() : users.map(({ name }) => name);
  const times = new Map<string, number>();
  for (const user of asked) times.set(user, (times.get(user) ?? 0) + 1);
  const results = [...times].map(([user, count]) => describeOne(user, count > 1, credentials));
  // Kafka's message of no error, which is not null here.
  return { errorCode: ErrorCode.NONE, errorMessage: '', results };
}

function describeOne(user: string, repeated: boolean, credentials: ScramCredentials): DescribeResult {
  const failed = (errorCode: number, errorMessage: string): DescribeResult => ({ user, errorCode, errorMessage, credentialInfos: [] });
  if (repeated)
    return failed(ErrorCode.DUPLICATE_RESOURCE, `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`);
  const infos = credentials.describe(user);
  if (infos.length === 0) return failed(ErrorCode.RESOURCE_NOT_FOUND, `Attempt to describe a user credential that does not exist: ${user}`);
  const credentialInfos = infos.map(({ mechanism, iterations }) => ({ mechanism: mechanism.type, iterations }));
  return { user, errorCode: ErrorCode.NONE, errorMessage: '', credentialInfos };
}

/** A user that is named twice, or wrongly, is not changed at all; the others are. */
function alter({ deletions, upsertions }: AlterRequest, credentials: ScramCredentials): AlterResult[] {
  const problems = new Map<string, Problem>();
  const changes = new Map<string, () => void>();
  const plan = (user: string, problem: Problem | undefined, change: () => void): void => {
    if (problems.has(user)) return;
    if (changes.delete(user)) problems.set(user, TWICE);
    else if (problem !== undefined) problems.set(user, problem);
    else changes.set(user, change);
  };
  for (const deletion of deletions) {
    plan(deletion.name, problemOfDeletion(deletion, credentials), () => {
      credentials.delete(scramMechanismByType(deletion.mechanism)!, deletion.name);
    });
  }
  for (const upsertion of upsertions) {
    plan(upsertion.name, problemOfUpsertion(upsertion), () => upsert(upsertion, credentials));
  }
  for (const change of changes.values()) change();
  return [
    ...[...changes.keys()].map((user) => ({ user, errorCode: ErrorCode.NONE, errorMessage: null })),
    ...[...problems].map(([user, problem]) => ({ user, ...problem })),
  ];
}

/** The client has salted the password already; the password itself never gets here. */
function upsert(
  { name, mechanism: type, iterations, salt, saltedPassword }: AlterRequest['upsertions'][number],
  credentials: ScramCredentials,
): void {
  const mechanism = scramMechanismByType(type)!;
  // The salt is a view of the request's frame and outlives it.
  credentials.set(mechanism, name, { salt: Buffer.from(salt), iterations, ...scramKeys(mechanism, saltedPassword) });
}

function problemOfDeletion(deletion: AlterRequest['deletions'][number], credentials: ScramCredentials): Problem | undefined {
  const problem = problemOfName(deletion.name, deletion.mechanism);
  if (problem !== undefined) return problem;
  if (credentials.find(scramMechanismByType(deletion.mechanism)!, deletion.name) !== undefined) return undefined;
  return { errorCode: ErrorCode.RESOURCE_NOT_FOUND, errorMessage: 'Attempt to delete a user credential that does not exist' };
}

function problemOfUpsertion({ name, mechanism, iterations }: AlterRequest['upsertions'][number]): Problem | undefined {
  const problem = problemOfName(name, mechanism);
  if (problem !== undefined) return problem;
  if (iterations < MIN_SCRAM_ITERATIONS) return { errorCode: ErrorCode.UNACCEPTABLE_CREDENTIAL, errorMessage: 'Too few iterations' };
  if (iterations > MAX_SCRAM_ITERATIONS) return { errorCode: ErrorCode.UNACCEPTABLE_CREDENTIAL, errorMessage: 'Too many iterations' };
  return undefined;
}

function problemOfName(name: string, mechanism: number): Problem | undefined {
  if (name === '') return { errorCode: ErrorCode.UNACCEPTABLE_CREDENTIAL, errorMessage: 'Username must not be empty' };
  if (scramMechanismByType(mechanism) !== undefined) return undefined;
  return { errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM, errorMessage: 'Unknown SCRAM mechanism' };
}
