// What the four services share.

/** What travels through the pipeline. */
export interface Order {
  id: string;
  user: string;
  tenant: string;
  total: number;
}

/** A setting from the environment; ends with a clear line where it is missing. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`set ${name}; "npm run demo" does`);
  return value;
}

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
