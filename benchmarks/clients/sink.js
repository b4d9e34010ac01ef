// Receives every export and answers immediately, in a separate process, so that receiving is not measured.
import { createServer } from 'node:http';

const sink = createServer((request, response) => {
  request.resume().on('end', () => response.end());
});
// A process waits for its turn longer than the default keep-alive; a new connection would cost time.
sink.keepAliveTimeout = 3_600_000;
sink.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${sink.address().port}` }));
process.on('disconnect', () => process.exit());
