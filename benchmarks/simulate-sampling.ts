/** `npm run simulate:sampling`: what each sampler keeps of a load that jumps 50-fold, as in docs/sampling.md. */
import { simulate, toMarkdown } from './sampling-simulation.ts';

console.log(toMarkdown(simulate()));
