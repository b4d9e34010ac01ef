// A receiver that takes every export and answers at once, in a process of its own, so that receiving costs nothing where is measured.
import { createServer } from 'node:http';

const sink = createServer((request, response) => {
  request.resume().on('end', () => response.end());
});
// A process waits for its turn longer than a connection is kept by default; a new one would cost.
sink.keepAliveTimeout = 3_600_000;
sink.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${sink.address().port}` }));
process.on('disconnect', () => process.exit());
