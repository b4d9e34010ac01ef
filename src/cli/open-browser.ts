// Opens the viewer in the desktop's browser.
import { spawn } from 'node:child_process';

/** Opens an address in the browser of the desktop, if there is one; without it nothing happens. */
export function openBrowser(url: string): void {
  const [command, ...args]: [string, ...string[]] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  const child = spawn(command, args, { detached: true, stdio: 'ignore' });
  child.once('error', () => {});
  child.unref();
}
