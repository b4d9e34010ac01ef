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

/** Tells whoever started the service that it works, and has it closed cleanly when it is asked to end. */
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
