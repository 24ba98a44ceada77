/** What a judge is: a program that is not ours and says whether a broker is Kafka. */
import type { Java } from './java.ts';
import { Skipped } from './maven.ts';

/** A broker under judgement. */
export interface Subject {
  readonly name: 'Millrace' | 'Apache Kafka';
  readonly bootstrapServers: string;
  /** Where its log files are. */
  readonly dataDirectory: string;
}

export interface Bench {
  readonly java: Java;
  readonly subject: Subject;
  /** Jars of Apache Kafka, for judges that start one of their own. */
  readonly classPath: string;
  /** A name for a topic or group that no other judge uses. */
  name(what: string): string;
}

export interface Judge {
  readonly name: string;
  /** Whom it judges. Default: both. */
  readonly subjects?: readonly Subject['name'][];
  /** Throws when the broker is not as Kafka is, {@link Skipped} when it cannot be said. */
  run(bench: Bench): Promise<string>;
}

export type Verdict =
  | { readonly judge: string; readonly subject: string; readonly result: 'ok'; readonly detail: string }
  | { readonly judge: string; readonly subject: string; readonly result: 'failed' | 'skipped'; readonly detail: string };

/** Runs a judge; whatever it throws becomes its verdict. */
export async function verdictOf(judge: Judge, bench: Bench): Promise<Verdict> {
  const about = { judge: judge.name, subject: bench.subject.name };
  try {
    return { ...about, result: 'ok', detail: await judge.run(bench) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ...about, result: error instanceof Skipped ? 'skipped' : 'failed', detail };
  }
}

/** Throws with what was expected and what there was. */
export function expectThat(holds: boolean, what: string, output = ''): void {
  if (!holds) throw new Error(output === '' ? what : `${what}:\n${output.slice(-2_000)}`);
}
