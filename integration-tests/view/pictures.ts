// Takes the screenshots of docs/view.md from a running "npm run demo -- --view": npm run docs:pictures
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openBrowser } from './browser.ts';

interface Picture {
  name: string;
  hash: string;
  width: number;
  height: number;
  scheme?: 'dark';
  clicks?: string[];
}

const pictures: Picture[] = [
  { name: 'map', hash: '/#/map', width: 1200, height: 500 },
  { name: 'map-dark', hash: '/#/map', width: 1200, height: 520, scheme: 'dark', clicks: ['.row.worst'] },
  { name: 'map-narrow', hash: '/#/map', width: 400, height: 820 },
  {
    name: 'journey',
    hash: '/#/journeys?destination=dead-letters&order=slowest',
    width: 1200,
    height: 480,
    clicks: ['.message'],
  },
  {
    name: 'attempts',
    hash: '/#/journeys?destination=shop.orders&error=true',
    width: 1200,
    height: 480,
    clicks: ['.message:has-text("attempts") >> nth=0'],
  },
  { name: 'health', hash: '/#/health', width: 1200, height: 560 },
];

const url = process.argv[2] ?? 'http://127.0.0.1:4319';
const folder = join(import.meta.dirname, '../../docs/images');
await mkdir(folder, { recursive: true });
const browser = await openBrowser();
for (const { name, hash, width, height, scheme, clicks } of pictures) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme ?? 'light' });
  await page.goto(url + hash);
  await page.waitForSelector('.row, .message, .health');
  for (const click of clicks ?? []) await page.click(click);
  await page.waitForTimeout(1000);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.close();
  console.log(`docs/images/${name}.png`);
}
await browser.close();
