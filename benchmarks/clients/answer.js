// Answers the calls of the parent process, one after the other (runner/worker.ts is the other side).

/** @param {Record<string, (...args: any[]) => unknown>} operations */
export function answer(operations) {
  const run = async ({ id, operation, args }) => {
    try {
      process.send({ id, result: await operations[operation](...args) });
    } catch (error) {
      process.send({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  };
  process.on('message', (call) => void run(call));
  process.on('disconnect', () => process.exit());
  process.send({ ready: true });
}
