// Defines the findings of `mqtrace doctor`.
/** A problem and its fix. */
export interface DoctorFinding {
  /** A stable name for scripts. */
  check: string;
  severity: 'problem' | 'note';
  what: string;
  /** The fix: a command, a line of code or a setting. */
  mend: string;
}

export const problem = (check: string, what: string, mend: string): DoctorFinding => ({
  check,
  severity: 'problem',
  what,
  mend,
});

export const note = (check: string, what: string, mend: string): DoctorFinding => ({
  check,
  severity: 'note',
  what,
  mend,
});
