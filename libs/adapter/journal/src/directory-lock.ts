import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { JournalError } from './errors.ts';

/**
 * Holds a directory for this process. The name is an abstract socket's: the kernel gives it back when the process dies
 * in whatever way, so there is no stale lock. It is seen within one network namespace, which is where a directory is
 * shared by mistake; a volume mounted by two nodes is not caught.
 */
export class DirectoryLock {
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async take(dir: string): Promise<DirectoryLock> {
    const name = createHash('sha256')
      .update(await realpath(dir))
      .digest('hex');
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(new JournalError('KA_JOURNAL_IN_USE', dir, 'another process has it open', cause)),
      );
      server.listen({ path: `\0ka-journal-${name.slice(0, 32)}` }, resolve);
    });
    return new DirectoryLock(server);
  }

  release(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
