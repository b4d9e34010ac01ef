// A receiver that takes every export and answers at once, in a process of its own, so that receiving costs nothing where is measured.
import { createServer } from 'node:http';

const sink = createServer((request, response) => {
  request.resume().on('end', () => response.end());
});
sink.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${sink.address().port}` }));
process.on('disconnect', () => process.exit());
