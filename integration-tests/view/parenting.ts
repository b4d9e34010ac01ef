// Writes the table and the pictures of docs/parenting.md, from real brokers, Jaeger and a Collector: npm run docs:parenting
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBackends } from '../backends/compose.ts';
import { type Measured, measureAll } from '../backends/parenting/measure.ts';
import { scenarios } from '../backends/parenting/scenarios.ts';
import { withTable, writeResults } from '../backends/parenting/table.ts';
import { startBrokers } from '../brokers/index.ts';
import { openBrowser } from './browser.ts';
import { drawPage } from './draw-traces.ts';
import { palettePng } from './palette-png.ts';

const docs = join(import.meta.dirname, '../../docs');
const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function takePictures(measured: readonly Measured[]): Promise<void> {
  const browser = await openBrowser();
  for (const { name, services } of scenarios) {
    const columns = measured
      .filter(({ shape }) => shape.scenario === name)
      .map(({ shape, traces, edges }) => ({ heading: `parenting: '${shape.parenting}'`, traces, edges }));
    const page = await browser.newPage({ viewport: { width: 1200, height: 100 } });
    await page.setContent(drawPage(columns, services));
    const picture = palettePng(await page.screenshot({ fullPage: true }));
    await page.close();
    writeFileSync(join(docs, `images/parenting-${name}.png`), picture);
    log(`docs/images/parenting-${name}.png: ${picture.length} bytes`);
  }
  await browser.close();
}

const backends = await startBackends(log);
try {
  const brokers = await startBrokers({ log });
  try {
    const measured = await measureAll({ kafka: brokers.kafkaBrokers, amqp: brokers.amqpUrl }, backends.at, log);
    const results = measured.map(({ shape, durations }) => ({ shape, durations }));
    writeResults(results);
    const page = join(docs, 'parenting.md');
    writeFileSync(page, withTable(readFileSync(page, 'utf8'), results));
    await takePictures(measured);
  } finally {
    await brokers.stop();
  }
} finally {
  await backends.stop();
}
