/** The built program with a workspace of its own in a temporary folder. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = process.env.GAMETAPE_BINARY ?? path.join(ROOT, 'target/debug/gametape');
const MODELS = process.env.GAMETAPE_TEST_MODELS ?? path.join(ROOT, 'target/models');
/** The sample workspace, as this build of the program makes it: copied for every server that begins with it. */
const DEMO = path.join(ROOT, 'target/e2e-demo');
export const PASSWORD = 'gametape-demo';

const STARTS_WITHIN_MS = 30_000;

export class Server {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'gametape-e2e-'));
  url = '';
  #port = 0;
  #process: ChildProcess | null = null;

  /** Runs a command of the program on this workspace and returns what it prints. */
  run(args: string[], input = ''): string {
    return execFileSync(BINARY, args, { env: this.#env(), input, encoding: 'utf8', cwd: ROOT });
  }

  /** Fills it with the sample people and calls. */
  fill(): void {
    const { mtimeMs, size } = statSync(BINARY);
    const build = `${mtimeMs} ${size}`;
    const mark = `${DEMO}.build`;
    if (existsSync(mark) && readFileSync(mark, 'utf8') === build) {
      cpSync(DEMO, this.folder, { recursive: true });
      return;
    }
    this.run(['demo']);
    rmSync(DEMO, { recursive: true, force: true });
    cpSync(this.folder, DEMO, { recursive: true });
    writeFileSync(mark, build);
  }

  /** Starts serving; at the same address every time. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    this.url = `http://127.0.0.1:${this.#port}`;
    this.#process = spawn(BINARY, ['serve', '--listen', `127.0.0.1:${this.#port}`], {
      env: this.#env(),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const started = this.#process;
    const until = Date.now() + STARTS_WITHIN_MS;
    while (Date.now() < until) {
      if (await this.#answers()) return;
      if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the server did not answer at ${this.url} within ${STARTS_WITHIN_MS / 1000} s`);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  #env(): NodeJS.ProcessEnv {
    // The program refuses settings that it does not know, as the names that are meant for this file.
    const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('GAMETAPE_'));
    return {
      ...Object.fromEntries(rest),
      GAMETAPE_DATA_DIR: this.folder,
      GAMETAPE_MODELS_DIR: MODELS,
      // More threads wait for each other by spinning, and the browser takes a core.
      GAMETAPE_THREADS: '1',
      RUST_LOG: 'warn',
    };
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(address)));
    });
  });
}
