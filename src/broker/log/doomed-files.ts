import type { LogResources } from './log-resources.ts';

/**
 * Files that retention and compaction have taken out of the log. They keep their bytes under another name for
 * `file.delete.delay.ms`, so that whoever has them open (a backup, a tool) can finish. Kafka: `LocalLog.deleteSegmentFiles`.
 */
export class DoomedFiles {
  private readonly resources: LogResources;
  private readonly pending = new Map<readonly string[], () => void>();

  constructor(resources: LogResources) {
    this.resources = resources;
  }

  /** Removes the files after a while. */
  removeLater(paths: readonly string[], delayMs: number): void {
    if (delayMs <= 0) {
      this.remove(paths);
      return;
    }
    const cancel = this.resources.clock.after(delayMs, () => {
      this.pending.delete(paths);
      this.remove(paths);
    });
    this.pending.set(paths, cancel);
  }

  /** Removes what is left at once. */
  close(): void {
    for (const [paths, cancel] of this.pending) {
      cancel();
      this.remove(paths);
    }
    this.pending.clear();
  }

  /** A file that cannot be removed only takes room: the next start removes it. */
  private remove(paths: readonly string[]): void {
    for (const path of paths) {
      try {
        this.resources.files.fs.remove(path);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.resources.onEvent({ level: 'warn', message: `${path} is no longer needed but cannot be removed: ${reason}`, cause });
      }
    }
  }
}
