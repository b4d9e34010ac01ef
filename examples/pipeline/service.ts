// Shared code of the four services.

/** The order that travels through the pipeline. */
export interface Order {
  id: string;
  user: string;
  tenant: string;
  total: number;
}

/** A setting from the environment; throws if it is missing. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`set ${name}; "npm run demo" does`);
  return value;
}

/**
 * Whether the services simulate problems: a slow consumer, a retry and a dead letter. "npm run demo -- --view"
 * enables it.
 */
export const troubled: boolean = process.env['DEMO_TROUBLES'] === 'yes';

/** Waits. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reports to the parent process that the service is ready, and closes it cleanly on SIGTERM. */
export function ready(close: () => Promise<void>): void {
  process.once('SIGTERM', () => {
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.send?.('ready');
}
