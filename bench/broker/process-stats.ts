import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks per second of /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const UTIME_FIELD = 11;
const STIME_FIELD = 12;

/** CPU and memory of another process: from /proc where there is one, else from `ps`. */
export class ProcessStats {
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** User and system time of the whole process so far, seconds. */
  cpuSeconds(): number {
    const { userSeconds, systemSeconds } = this.cpu();
    return userSeconds + systemSeconds;
  }

  /** The same apart. Without /proc all of it is counted as user time. */
  cpu(): { readonly userSeconds: number; readonly systemSeconds: number } {
    const stat = readProc(`/proc/${this.#pid}/stat`);
    if (stat === undefined) return { userSeconds: secondsOf(this.#ps('cputime')), systemSeconds: 0 };
    // The name, in parentheses, may hold blanks: fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      userSeconds: Number(fields[UTIME_FIELD]) / TICKS_PER_SECOND,
      systemSeconds: Number(fields[STIME_FIELD]) / TICKS_PER_SECOND,
    };
  }

  /** Most memory since {@link resetPeak}, bytes. Without /proc: what it is now. */
  peakRssBytes(): number {
    const status = readProc(`/proc/${this.#pid}/status`);
    if (status === undefined) return Number(this.#ps('rss')) * 1024;
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** Peaks are counted from now on. Does nothing where the system cannot. */
  resetPeak(): void {
    try {
      writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
    } catch {
      // No /proc, or not allowed: the peak is that of the process's life then.
    }
  }

  #ps(column: string): string {
    return spawnSync('ps', ['-o', `${column}=`, '-p', String(this.#pid)], { encoding: 'utf8' }).stdout.trim();
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** `[dd-]hh:mm:ss` or `mm:ss.ff`, as `ps` has it. */
function secondsOf(text: string): number {
  return text.split(/[-:]/).reduce((sum, part, index, parts) => sum * (parts.length === 4 && index === 1 ? 24 : 60) + Number(part), 0);
}
