import type { Command } from 'commander';
import { kafkaFailure } from '../../client/index.ts';
import { DescribeUserScramCredentials, ErrorCode, scramMechanismByType } from '../../protocol/index.ts';
import { examples, newCommand } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printTable, reportFailures } from '../output.ts';

interface Options extends ConnectOptions {
  readonly json?: boolean;
}

/** `millrace users list`. */
export function usersListCommand(): Command {
  const command = withConnection(newCommand('list', 'users with SCRAM credentials').alias('ls').alias('describe'))
    .argument('[user...]', 'names; all users when none is given')
    .option('--json', 'print JSON')
    .action((names: string[], options: Options) =>
      withClient(options, async (client) => {
        const { errorCode, errorMessage, results } = await client.request(
          DescribeUserScramCredentials,
          { users: names.length === 0 ? null : names.map((name) => ({ name })) },
          'controller',
        );
        if (errorCode !== ErrorCode.NONE) throw kafkaFailure(errorCode, 'Listing users', { message: errorMessage });
        const users = results
          .filter((result) => result.errorCode === ErrorCode.NONE)
          .map(({ user, credentialInfos }) => ({
            user,
            credentials: credentialInfos.map(({ mechanism, iterations }) => ({
              mechanism: scramMechanismByType(mechanism)?.name ?? String(mechanism),
              iterations,
            })),
          }))
          .sort((a, b) => (a.user < b.user ? -1 : 1));
        if (options.json === true) printJson({ users });
        else {
          printTable(
            ['USER', 'MECHANISM', 'ITERATIONS'],
            users.flatMap(({ user, credentials }) => credentials.map(({ mechanism, iterations }) => [user, mechanism, iterations])),
          );
        }
        const failed = results.filter((result) => result.errorCode !== ErrorCode.NONE);
        reportFailures(
          failed.map((result) => kafkaFailure(result.errorCode, `Describing user ${result.user}`, { message: result.errorMessage })),
        );
      }),
    );
  return examples(command, [['millrace users list']]);
}
