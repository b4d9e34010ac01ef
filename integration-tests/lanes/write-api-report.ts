// npm run api:report
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiReport } from './api-report.ts';
import { publishedApi } from './published-api.js';
import { shortProject } from './short-project.ts';
import { root } from './tarball.ts';

mkdirSync(join(root, 'etc'), { recursive: true });
writeFileSync(join(root, 'etc/mqtrace.api.md'), apiReport(publishedApi(shortProject())));
