// Answers the questions of docs/compared.md with one tracer on the real brokers, about each client in a process of its own, so that
// what fails for one is not left to the next. Plain JavaScript: the auto-instrumentations need Node's own `require`.
//   node program.js TRACER KAFKA_BROKER AMQP_URL REDIS_URL [CLIENT]
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { clients } from './clients/index.js';

const [, , tracerName, kafkaBroker, amqpUrl, redisUrl, name] = process.argv;
/** Only questions that contain this text are asked. */
const chosen = process.env.COMPARED_QUESTION ?? '';
const frozen = 'Frozen objects can be sent';
const write = (answers) => process.stdout.write(`answers ${JSON.stringify(answers)}\n`, () => process.exit(0));

/** What is asked about no client, in a program of its own. */
const anyClient = 'any client';

/** The answers about one client. */
async function askInProcess(client) {
  const delivery = fileURLToPath(new URL('delivery.js', import.meta.url));
  const program = [fileURLToPath(import.meta.url), tracerName, kafkaBroker, amqpUrl, redisUrl, client];
  const args = client === anyClient ? [delivery, tracerName] : program;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 300_000, maxBuffer: 1e8 });
  process.stderr.write(stderr);
  const line = stdout.split('\n').find((each) => each.startsWith('answers '));
  return JSON.parse(line.slice('answers '.length));
}

if (name === undefined) {
  // Most of the time is waiting.
  const waiting = [...Object.keys(clients), anyClient];
  const answers = Object.fromEntries(waiting.map((client) => [client, null]));
  // The community's instrumentations are exported by OpenTelemetry's exporter.
  if (tracerName === 'community' || chosen !== '') waiting.pop();
  const work = async () => {
    for (let client = waiting.shift(); client; client = waiting.shift()) answers[client] = await askInProcess(client);
  };
  await Promise.all([work(), work(), work(), work()]);
  write(Object.fromEntries(Object.entries(answers).filter(([, answered]) => answered !== null)));
} else {
  write(await askAbout(name));
}

/** Throws if spans of the tracer cannot be seen: all answers would be no. */
async function check(tracer) {
  let seen;
  const job = await tracer.inSpan(async () => {
    seen = [tracer.activeTraceId(), tracer.activeSpan()?.spanId, tracer.activeSpan()?.isOpen()];
  });
  const spans = await tracer.spansOf(job.traceId);
  const isSeen = seen[0] === job.traceId && seen[1] === job.spanId && seen[2] === true;
  if (!isSeen || spans.length !== 1) throw new Error(`${tracerName}: its spans cannot be seen`);
}

/** The answers to the questions about a client; null if the tracer has nothing to do with it. */
async function askAbout(client) {
  const addresses = { kafkaBroker, amqpUrl, redisUrl };
  // Before the clients are loaded.
  await import(`./set-up/${tracerName}.js`);
  const tracer = globalThis.compared;
  await check(tracer);
  const { make, load, isAsked } = clients[client];
  if (isAsked?.(tracer) === false || tracer.asked?.includes(client) === false) return null;
  // A failure in the background, such as that of a handler that nobody waits for, is an answer of no and not the end.
  process.on('unhandledRejection', () => {});
  process.on('uncaughtException', () => {});

  const require = createRequire(import.meta.url);
  const { commonQuestions } = await import('./questions/common.js');
  const { ownQuestions } = await import('./questions/index.js');
  const { outsideQuestions } = await import('./questions/outside.js');
  const { moduleQuestions } = await import('./programs/modules.js');
  const modules = tracer.modules?.[client] ?? load?.(require) ?? require(client);
  const made = make(modules, addresses, tracer);
  const answers = {};
  const askAll = async (questions) => {
    for (const [question, ask] of Object.entries(questions)) {
      if (question.includes(chosen)) answers[question] = await answer(tracer, question, ask);
    }
  };
  const questions = { ...commonQuestions(made, tracer), ...ownQuestions[client]?.(made, modules, addresses, tracer) };
  // At last: invalid ids have broken the exporter of a tracer, and one may turn an integration off that has failed once.
  const { [frozen]: sendFrozen, ...others } = questions;
  await askAll({ ...others, ...outsideQuestions(made, tracer), [frozen]: sendFrozen });
  // How a client is loaded matters only if it is traced, and in the version that the program imports.
  const isTraced = answers['A message is processed in the trace in which it was sent'];
  if (isTraced && tracer.modules?.[client] === undefined) await askAll(moduleQuestions(client, tracerName, addresses));
  return answers;
}

/** Whether the answer is yes; an error, and no answer in time, are a no. Undefined: the question has no meaning here. */
async function answer(tracer, question, ask) {
  let timer;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, 20_000, 'no answer');
  });
  try {
    const answered = await Promise.race([ask(), limit]);
    if (answered === 'no answer') process.stderr.write(`${tracerName}, ${name}, ${question}: no answer\n`);
    return answered === undefined ? undefined : answered === true;
  } catch (error) {
    process.stderr.write(`${tracerName}, ${name}, ${question}: ${error?.message ?? error}\n`);
    return false;
  } finally {
    clearTimeout(timer);
    // A question without an answer has not undone what it has set.
    tracer.restore?.();
  }
}
