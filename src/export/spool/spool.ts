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

/** Options of the spool on disk. */
export interface SpoolOptions {
  /** The directory, created if missing. Its files contain spans: use a directory for this application only. */
  readonly directory: string;
  /** Maximum bytes on disk for this process. Default 256 MiB. */
  readonly maxBytes?: number | undefined;
  /** Maximum age of a batch in milliseconds; older ones are dropped as `expired`. Default 24 hours. */
  readonly maxAgeMs?: number | undefined;
}

/** File name of an instance's owner; its modification time is the heartbeat. @internal */
export const ownerFile = 'owner.json';

const { O_CREAT, O_EXCL, O_WRONLY } = constants;
/** @internal */
export const O_RDONLY: number = constants.O_RDONLY;
/** Not supported on Windows. @internal */
export const O_NOFOLLOW: number = (constants as { O_NOFOLLOW?: number | undefined }).O_NOFOLLOW ?? 0;
const createFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
/** Damaged files are kept here for inspection. */
const maxSetAside = 16;

/** Thrown for a file that is damaged, missing or not a regular file. @internal */
export class DamagedFileError extends Error {}

/**
 * A directory of batches, `DIRECTORY/mqtrace-UID/HASH OF DESTINATION/INSTANCE/`, which only this process uses. A batch is written
 * to a temporary file and renamed, so that a file is either complete or does not exist.
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
  /** The first sequence number of file names of this instance. */
  #temporary = 0;

  /** `destinationKey` identifies the destination: only batches for the same destination are shared. */
  constructor(options: SpoolOptions, destinationKey: string) {
    this.maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    this.maxAgeMs = options.maxAgeMs ?? 86_400_000;
    this.#root = options.directory;
    this.#user = join(this.#root, `mqtrace-${process.getuid?.() ?? 'user'}`);
    this.destination = join(this.#user, createHash('sha256').update(destinationKey).digest('hex').slice(0, 32));
    this.instance = `${process.pid}-${randomBytes(8).toString('hex')}`;
    this.path = join(this.destination, this.instance);
  }

  /** Creates the directories, also again if they were removed. @throws Error */
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

  /** Writes synchronously. @throws Error */
  writeSync(file: SpoolFile, bytes: Buffer): void {
    try {
      this.#writeSync(file, bytes);
    } catch (error) {
      // The directory may have been removed in the meantime.
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

  /**
   * Writes in the background; the caller counts the bytes. The same file may be written by {@link writeSync} at the same time, with
   * the same content.
   */
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

  /** Reads a file back. @throws DamagedFileError if its content does not match its hash. */
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
      // Out of file handles or memory: the file may be intact.
      if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') throw error;
      throw new DamagedFileError(`${file.name} cannot be read (${code ?? 'damaged'})`, { cause: error });
    }
    if (!isIntact(file, bytes)) throw new DamagedFileError(`${file.name} is damaged`);
    return bytes;
  }

  /** Deletes a finished batch. */
  remove(file: SpoolFile): void {
    this.bytes -= file.bytes;
    this.discard(file);
  }

  /** Deletes a batch that is not counted. */
  discard(file: SpoolFile): void {
    try {
      unlinkSync(join(this.path, file.name));
    } catch {
      // Already deleted, or not deletable: this process does not read it again.
    }
  }

  /** Moves a damaged file to a place from which it is not sent. */
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

  /** Writes the heartbeat, for processes that cannot see this process. */
  heartbeat(): void {
    if (!this.#ready) return;
    try {
      const now = new Date();
      lutimesSync(join(this.path, ownerFile), now, now);
    } catch {
      this.#ready = false;
    }
  }

  /** Removes the directories if there is nothing left to send. */
  close(empty: boolean): void {
    if (!this.#ready || !empty) return;
    try {
      rmSync(join(this.path, ownerFile), { force: true });
      rmdirSync(this.path);
    } catch {
      // The directory is not empty: the next adoption will clean it up.
    }
  }
}
