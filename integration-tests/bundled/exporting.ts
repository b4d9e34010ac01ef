// A program that exports one span.
import { startTracing } from 'mqtrace/sdk';

const tracing = startTracing({ serviceName: 'bundled' });
tracing.span('work', () => {});
void tracing.shutdown();
