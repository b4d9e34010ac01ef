// Reads, writes and deletes the files of one spool.
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  lutimesSync,
  writeSync,
} from 'node:fs';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { thisOwner } from './owner.ts';
import { assertPrivateDirectory, ensurePrivateDirectory } from './private-directory.ts';
import { isIntact, type SpoolFile } from './spool-file.ts';

/** The spool on disk. */
export interface SpoolOptions {
  /** Where; made if it is not there. Its files hold spans: give it a place that only this application uses. */
  readonly directory: string;
  /** Bytes on disk at most, for this process. Default 256 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds that a batch may wait; older ones are dropped as `expired`. Default 24 hours. */
  readonly maxAgeMs?: number | undefined;
}

/** File name of an instance's owner; its modification time is the heartbeat. @internal */
export const ownerFile = 'owner.json';

const { O_CREAT, O_EXCL, O_WRONLY } = constants;
/** @internal */
export const O_RDONLY: number = constants.O_RDONLY;
/** Windows does not know it. @internal */
export const O_NOFOLLOW: number = (constants as { O_NOFOLLOW?: number | undefined }).O_NOFOLLOW ?? 0;
const createFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
/** Damaged files are kept here for inspection. */
const maxSetAside = 16;

/** Thrown for a file that is damaged, gone, or no file. @internal */
export class DamagedFileError extends Error {}

/**
 * A directory of batches, `DIRECTORY/mqtrace-UID/HASH OF DESTINATION/INSTANCE/`, which belongs to this process alone. A batch
 * is there under its name entirely or not at all: it is written under a temporary one and renamed.
 *
 * @internal
 */
export class Spool {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly #root: string;
  readonly #user: string;
  /** The directory of all instances with the same destination. */
  readonly destination: string;
  readonly instance: string;
  readonly path: string;
  #ready = false;
  /** Bytes on disk. */
  bytes = 0;
  /** What a file name of this instance starts its sequence with. */
  #temporary = 0;

  /** `destinationKey` says where the batches go: only batches for the same place are shared. */
  constructor(options: SpoolOptions, destinationKey: string) {
    this.maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    this.maxAgeMs = options.maxAgeMs ?? 86_400_000;
    this.#root = options.directory;
    this.#user = join(this.#root, `mqtrace-${process.getuid?.() ?? 'user'}`);
    this.destination = join(this.#user, createHash('sha256').update(destinationKey).digest('hex').slice(0, 32));
    this.instance = `${process.pid}-${randomBytes(8).toString('hex')}`;
    this.path = join(this.destination, this.instance);
  }

  /** Makes the directories, again if somebody has removed them. @throws Error */
  prepare(): void {
    if (this.#ready) return;
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    ensurePrivateDirectory(this.#user);
    ensurePrivateDirectory(this.destination);
    ensurePrivateDirectory(this.path);
    const text = Buffer.from(JSON.stringify(thisOwner()));
    const temporary = join(this.path, `${ownerFile}.tmp`);
    rmSync(temporary, { force: true });
    this.#writeNew(temporary, text);
    renameSync(temporary, join(this.path, ownerFile));
    this.#ready = true;
  }

  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes <= this.maxBytes;
  }

  /** Writes at once. @throws Error */
  writeSync(file: SpoolFile, bytes: Buffer): void {
    try {
      this.#writeSync(file, bytes);
    } catch (error) {
      // Somebody may have removed the directory under way.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !this.#ready) throw error;
      this.#ready = false;
      this.#writeSync(file, bytes);
    }
    this.bytes += file.bytes;
  }

  #writeSync(file: SpoolFile, bytes: Buffer): void {
    this.prepare();
    const temporary = this.#temporaryName();
    try {
      this.#writeNew(temporary, bytes);
      renameSync(temporary, join(this.path, file.name));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  #writeNew(path: string, bytes: Buffer): void {
    const handle = openSync(path, createFlags, 0o600);
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(handle, bytes, written);
      if (path.endsWith(`${ownerFile}.tmp`)) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }

  /** Writes in the background; the caller counts the bytes. The same file may be written by {@link writeSync} meanwhile: it is the same under the same name. */
  async write(file: SpoolFile, bytes: Buffer): Promise<void> {
    this.prepare();
    const temporary = this.#temporaryName();
    try {
      const handle = await open(temporary, createFlags, 0o600);
      try {
        await handle.writeFile(bytes);
      } finally {
        await handle.close();
      }
      await rename(temporary, join(this.path, file.name));
    } catch (error) {
      this.#ready = false;
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  }

  #temporaryName(): string {
    return join(this.path, `${this.#temporary++}.tmp`);
  }

  /** Reads a file back. @throws DamagedFileError if it is not what was written. */
  async read(file: SpoolFile): Promise<Buffer> {
    let bytes: Buffer;
    try {
      assertPrivateDirectory(this.path);
      const handle = await open(join(this.path, file.name), O_RDONLY | O_NOFOLLOW);
      try {
        const stat = await handle.stat();
        if (!stat.isFile() || stat.size !== file.bytes)
          throw new DamagedFileError(`${file.name} is not what was written`);
        bytes = await handle.readFile();
      } finally {
        await handle.close();
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Out of file handles or memory: the file may be good.
      if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') throw error;
      throw new DamagedFileError(`${file.name} cannot be read (${code ?? 'damaged'})`, { cause: error });
    }
    if (!isIntact(file, bytes)) throw new DamagedFileError(`${file.name} is damaged`);
    return bytes;
  }

  /** Deletes a batch that is done with. */
  remove(file: SpoolFile): void {
    this.bytes -= file.bytes;
    this.discard(file);
  }

  /** Deletes a batch that is not counted. */
  discard(file: SpoolFile): void {
    try {
      unlinkSync(join(this.path, file.name));
    } catch {
      // Gone already, or not to be removed: it is not looked at again by this process.
    }
  }

  /** Moves a damaged file to where it is not sent again. */
  async setAside(file: SpoolFile): Promise<void> {
    this.bytes -= file.bytes;
    const from = join(this.path, file.name);
    try {
      const aside = join(this.destination, 'damaged');
      ensurePrivateDirectory(aside);
      if ((await readdir(aside)).length >= maxSetAside) await unlink(from);
      else await rename(from, join(aside, file.name));
    } catch {
      await unlink(from).catch(() => undefined);
    }
  }

  /** Shows that this process lives, to those who cannot see it. */
  heartbeat(): void {
    if (!this.#ready) return;
    try {
      const now = new Date();
      lutimesSync(join(this.path, ownerFile), now, now);
    } catch {
      this.#ready = false;
    }
  }

  /** Leaves no trace, if nothing is left to send. */
  close(empty: boolean): void {
    if (!this.#ready || !empty) return;
    try {
      rmSync(join(this.path, ownerFile), { force: true });
      rmdirSync(this.path);
    } catch {
      // Something is in it after all: the next adoption will clear it.
    }
  }
}
