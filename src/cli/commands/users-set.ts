import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { MillraceError } from '../../errors.ts';
import { MAX_SCRAM_ITERATIONS, MIN_SCRAM_ITERATIONS, SCRAM_MECHANISMS, scramSaltedPassword } from '../../protocol/index.ts';
import { alterScramCredentials } from '../admin/scram-credentials.ts';
import { aliasOf, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends ConnectOptions {
  readonly password?: string;
  readonly passwordStdin?: boolean;
  readonly mechanism: string;
  readonly iterations: number;
  readonly json?: boolean;
}

const SALT_BYTES = 24;
const MAX_PASSWORD_BYTES = 64 * 1024;

/** `millrace users set`. */
export function usersSetCommand(): Command {
  const command = withConnection(newCommand('set', "set a user's SCRAM password"))
    .argument('<user>', 'name')
    .option('--password <password>', 'the password; other users of this machine may see it')
    .option('--password-stdin', 'read the password from stdin')
    .addOption(
      new Option('--mechanism <name>', 'SCRAM mechanism').choices(SCRAM_MECHANISMS.map(({ name }) => name)).default('SCRAM-SHA-256'),
    )
    .option('--iterations <n>', 'rounds of hashing', wholeNumber(MIN_SCRAM_ITERATIONS, MAX_SCRAM_ITERATIONS), MIN_SCRAM_ITERATIONS)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--pass <password>', 'password'))
    .action(async (user: string, options: Options) => {
      if ((options.password === undefined) === (options.passwordStdin !== true))
        throw usageError('Give the password with one of --password and --password-stdin.');
      const password = options.password ?? (await passwordFromStdin());
      if (password === '') throw usageError('The password is empty.');
      const { mechanism: name, iterations } = options;
      const mechanism = SCRAM_MECHANISMS.find((each) => each.name === name);
      if (mechanism === undefined) throw usageError(`There is no mechanism ${name}.`);
      const salt = randomBytes(SALT_BYTES);
      const saltedPassword = await scramSaltedPassword(mechanism, password, salt, iterations);
      await withClient(options, (client) =>
        alterScramCredentials(client, `Setting the password of user ${user}`, {
          upsertions: [{ name: user, mechanism: mechanism.type, iterations, salt, saltedPassword }],
        }),
      );
      if (options.json === true) printJson({ user, mechanism: name, iterations });
      else printLine(`Set the ${name} password of user ${user}.`);
    });
  return examples(command, [
    ['millrace users set alice --password-stdin < password.txt'],
    ['millrace users set bob --password secret --mechanism SCRAM-SHA-512'],
  ]);
}

/** The first line. */
async function passwordFromStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_PASSWORD_BYTES) throw new MillraceError('INVALID_CONFIG', 'What came from stdin is too long for a password.');
  }
  return Buffer.concat(chunks).toString('utf8').split(/\r?\n/)[0] ?? '';
}
