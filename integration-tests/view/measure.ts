// Measures the packed viewer in a real browser (npm run bench:view-page): the time until the page is drawn, and whether
// it keeps up with 20,000 spans a second.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumPath, startBrowser } from './browser.ts';
import { SpanPairs } from '../../benchmarks/support/span-pairs.ts';

const perSecond = Number(process.argv[2] ?? 20_000);
const seconds = Number(process.argv[3] ?? 15);
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'mqtrace-view-bench-'));
const since = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** The processor time of a process group, if Linux reports it. */
function processorSeconds(group: number): number {
  let ticks = 0;
  for (const id of existsSync('/proc/self/stat') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : []) {
    try {
      const [, , of, , , , , , , , , user, system] = readFileSync(`/proc/${id}/stat`, 'utf8')
        .split(') ')[1]!
        .split(' ');
      if (Number(of) === group) ticks += Number(user) + Number(system);
    } catch {
      // The process has ended.
    }
  }
  return ticks / 100;
}

const path = await chromiumPath();
if (path === undefined) throw new Error('there is no Chromium: install it, or set CHROMIUM_PATH');
execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
const tarball = join(
  folder,
  readdirSync(folder).find((file) => file.endsWith('.tgz'))!,
);
const browser = await startBrowser(path);
const started = performance.now();
const ports = ['--port', '0', '--otlp-port', '0', '--grpc-port', '0'];
const view = spawn(
  'npx',
  ['--yes', '--prefer-offline', '--package', tarball, 'mqtrace', 'view', '--no-open', ...ports],
  {
    cwd: folder,
    // A separate process group, so that processes started by npx end with it.
    detached: true,
  },
);
try {
  const said = await new Promise<string>((resolve, reject) => {
    let text = '';
    view.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Ctrl-C')) resolve(text);
    });
    view.once('exit', (code) => reject(new Error(`npx ended with ${code}`)));
  });
  const [, url = ''] = /mqtrace view: (\S+)/.exec(said) ?? [];
  const [, otlp = ''] = /services send to: (\S+)/.exec(said) ?? [];
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.goto(url);
  await page.waitForSelector('#page > *');
  console.log(`from npx of the tarball to the page: ${since(started)}`);
  const pairs = new SpanPairs();
  const send = async (): Promise<void> => {
    pairs.renew();
    for (const body of [pairs.send, pairs.process]) {
      const headers = { 'content-type': 'application/x-protobuf' };
      const answer = await fetch(`${otlp}/v1/traces`, { method: 'POST', headers, body: new Uint8Array(body) });
      if (!answer.ok) throw new Error(`the view answers ${answer.status}`);
      await answer.arrayBuffer();
    }
  };
  await send();
  await page.waitForSelector('.row');
  console.log(`to the first picture of a wait: ${since(started)}`);

  const begun = performance.now();
  const used = processorSeconds(view.pid!);
  let sent = 1024;
  const lags: number[] = [];
  const watch = (async (): Promise<void> => {
    while (performance.now() - begun < seconds * 1000) {
      const from = performance.now();
      // Waits for the next drawn frame.
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => resolve(0)))');
      lags.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  while (performance.now() - begun < seconds * 1000) {
    const due = ((performance.now() - begun) / 1000) * perSecond;
    if (sent - 1024 < due) {
      await send();
      sent += 1024;
    } else await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const took = (performance.now() - begun) / 1000;
  await watch;
  const status = (await (await fetch(`${url}/api/status`)).json()) as { spans: { received: number } };
  const processor = processorSeconds(view.pid!) - used;
  const sorted = lags.toSorted((a, b) => a - b);
  console.log(
    `with the page open: ${Math.round((sent - 1024) / took)} spans a second sent for ${took.toFixed(0)} s, ${status.spans.received} of ${sent} received; a frame after ${sorted[Math.floor(sorted.length / 2)]!.toFixed(0)} ms (median), ${sorted.at(-1)!.toFixed(0)} ms (longest)`,
  );
  console.log(
    `  processor time of the view: ${processor.toFixed(1)} s, ${Math.round((sent - 1024) / Math.max(0.01, processor))} spans a second of it`,
  );
} finally {
  await browser.close();
  process.kill(-view.pid!, 'SIGINT');
  rmSync(folder, { recursive: true, force: true });
}
