/** franz-go, the Go client: test/go, built with modules from the Go module proxy. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectThat, type Judge } from '../judge.ts';
import { isInstalled, Skipped } from '../maven.ts';

const SOURCES = fileURLToPath(new URL('../../go/', import.meta.url));
const TIMEOUT_MS = 300_000;

let built: string | undefined;

/** Builds it once. Throws {@link Skipped} without Go, or without the modules. */
function program(directory: string): string {
  if (built !== undefined) return built;
  if (!isInstalled('go', 'version')) throw new Skipped('"go" is not installed (Debian: golang)');
  const path = join(directory, 'franz-go-judge');
  const build = spawnSync('go', ['build', '-o', path, '.'], { cwd: SOURCES, encoding: 'utf8', timeout: TIMEOUT_MS });
  if (build.status !== 0) throw new Skipped(`it cannot be built: ${build.stderr.slice(0, 500)}`);
  built = path;
  return path;
}

export const franzJudges: readonly Judge[] = [
  {
    name: 'franz-go: all codecs, a group that copies in transactions',
    async run({ java, subject, name }) {
      const parameters = ['-bootstrap', subject.bootstrapServers, '-prefix', name('franz')];
      const { status, stdout, stderr } = spawnSync(program(java.directory), parameters, { encoding: 'utf8', timeout: TIMEOUT_MS });
      expectThat(status === 0, `it ended with ${status}`, `${stdout}${stderr}`);
      return stdout.trim();
    },
  },
];
