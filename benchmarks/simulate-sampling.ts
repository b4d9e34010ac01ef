/** Shows what each sampler keeps of a load that increases 50-fold, for docs/sampling.md: npm run simulate:sampling */
import { simulate, toMarkdown } from './sampling-simulation.ts';

console.log(toMarkdown(simulate()));
