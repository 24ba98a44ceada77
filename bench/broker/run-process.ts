import { spawn } from 'node:child_process';

const MAX_OUTPUT = 1 << 20;

/** What a program wrote. Rejects with it when the program fails or takes longer than `limitMs`. */
export function runProcess(command: string, parameters: readonly string[], limitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UV_THREADPOOL_SIZE: '16' } });
    let output = '';
    const take = (data: Buffer): void => {
      output = (output + data.toString()).slice(-MAX_OUTPUT);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${code}: ${output.slice(-2_000)}`));
    });
  });
}
