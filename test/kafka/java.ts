/** Java programs: Kafka's own tools. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DEFAULT_TIMEOUT_MS = 120_000;

export interface JavaResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface JavaOptions {
  readonly timeoutMs?: number;
  /** Written to its standard input. */
  readonly input?: string;
  /** Ends the program (SIGTERM) when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Runs tools with one class path and a small heap. */
export class Java {
  readonly #classPath: string;
  readonly directory: string;

  /** @param directory for the logging configuration and what tools want in files */
  constructor(classPath: string, directory: string) {
    this.#classPath = classPath;
    this.directory = directory;
    writeFileSync(join(directory, 'tools-log4j2.properties'), LOGGING);
  }

  run(mainClass: string, parameters: readonly string[], options: JavaOptions = {}): Promise<JavaResult> {
    const log = `-Dlog4j2.configurationFile=${join(this.directory, 'tools-log4j2.properties')}`;
    const child = spawn('java', ['-Xmx512m', log, '-cp', this.#classPath, mainClass, ...parameters], { stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    options.signal?.addEventListener('abort', () => child.kill('SIGTERM'));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = setTimeout(() => {
      stderr += `\nkilled after ${timeoutMs} ms`;
      child.kill('SIGKILL');
    }, timeoutMs);
    return new Promise((resolve) => {
      child.once('close', (exitCode) => {
        clearTimeout(timer);
        resolve({ exitCode, stdout, stderr });
      });
    });
  }

  /** Runs a tool that must end with 0; gives what it printed. */
  async mustRun(mainClass: string, parameters: readonly string[], options: JavaOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(mainClass, parameters, options);
    if (exitCode !== 0) throw new Error(`${mainClass} ${parameters.join(' ')} ended with ${exitCode}:\n${tail(stdout)}\n${tail(stderr)}`);
    return stdout;
  }

  /** A file that a tool reads. */
  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }
}

export function tail(text: string, lines = 15): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

const LOGGING = `rootLogger.level = WARN
rootLogger.appenderRefs = stderr
rootLogger.appenderRef.stderr.ref = STDERR
appender.console.type = Console
appender.console.target = SYSTEM_ERR
appender.console.name = STDERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n
`;
