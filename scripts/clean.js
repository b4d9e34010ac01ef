// Removes the build output, so that nothing deleted from the source is still published.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
