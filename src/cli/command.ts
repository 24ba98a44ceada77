import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';

/** Exit codes of every command. Ctrl-C and SIGTERM end with 130 and 143 where they cut work short. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Options that every client command has; they stand at the end of a help text. */
export const CONNECTION_GROUP = 'Connection:';
const plainHelp = new Help();
const HELP = {
  groupItems<T extends Command | Option>(all: T[], visible: T[], groupOf: (item: T) => string): Map<string, T[]> {
    const isLast = (item: T): number => Number(groupOf(item) === CONNECTION_GROUP);
    return plainHelp.groupItems(
      all.toSorted((a, b) => isLast(a) - isLast(b)),
      visible,
      groupOf,
    );
  },
};

/** A command with the manners all of ours have: errors are thrown to `main.ts`, which knows the exit codes. */
export function newCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError()
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureHelp(HELP);
}

/** A command that only holds others: `millrace topics`. Without one of them it tells their names and fails. */
export function commandGroup(name: string, description: string, commands: readonly Command[]): Command {
  const group = newCommand(name, description).usage('COMMAND [options]');
  for (const command of commands) group.addCommand(command);
  const names = commands.map((command) => command.name()).join(', ');
  return group
    .argument('[command]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action((given: string | undefined) => {
      if (given === undefined || given.startsWith('-')) throw usageError(`millrace ${name} needs one of: ${names}.`);
      throw usageError(`There is no command "millrace ${name} ${given}". There are: ${names}.`);
    });
}

/**
 * The arguments of a group with its command in front, where users of Kafka's scripts may have put options before it, or
 * made an option of it: `--bootstrap-server host:9092 --create --topic orders`.
 */
export function commandFirst(group: Command, args: readonly string[]): readonly string[] {
  if (!args[0]?.startsWith('-')) return args;
  const names = new Set(group.commands.flatMap((command) => [command.name(), ...command.aliases()]));
  const at = args.findIndex((arg) => names.has(arg.replace(/^--/, '')));
  if (at < 0) return args;
  return [args[at]?.replace(/^--/, '') ?? '', ...args.slice(0, at), ...args.slice(at + 1)];
}

/** What a user did wrong on the command line: exit code 2. */
export function usageError(message: string): CommanderError {
  return new CommanderError(EXIT.usage, 'millrace.usage', message);
}

/** Another spelling of an option, not shown in the help: what users of Kafka's scripts or kcat type. */
class AliasOption extends Option {
  readonly #attribute: string;

  constructor(flags: string, attribute: string) {
    super(flags);
    this.#attribute = attribute;
    this.hideHelp();
  }

  override attributeName(): string {
    return this.#attribute;
  }
}

/** Another spelling: it sets what the option of that attribute name (`maxMessages`) sets, and is read by the same parser. */
export function aliasOf<T>(flags: string, attribute: string, parse?: (text: string, previous: T) => T): Option {
  const option = new AliasOption(flags, attribute);
  if (parse !== undefined) option.argParser(parse);
  return option;
}

/** Examples at the end of a help text, each with its comment. */
export function examples(command: Command, lines: readonly (readonly [line: string, comment?: string])[]): Command {
  const shown = lines.map(([line, comment]) => (comment === undefined ? `  $ ${line}` : `  # ${comment}\n  $ ${line}`));
  return command.addHelpText('after', `\nExamples:\n${shown.join('\n')}`);
}

/** For an option: a whole number of at least `min`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text.replaceAll('_', ''));
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const limit = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number ${limit}.`);
  };
}

/** For a repeatable option: all values in a list. */
export function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** For a repeatable option with `a,b` too: all values in a list. */
export function collectList(text: string, previous: readonly string[] = []): string[] {
  return [
    ...previous,
    ...text
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  ];
}

/** For a repeatable `name=value`: an object. A later value of the same name wins. */
export function collectPairs(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must look like name=value.');
  return { ...previous, [text.slice(0, at).trim()]: text.slice(at + 1) };
}
