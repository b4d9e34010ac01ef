/** One thing that is wrong, with what mends it. */
export interface DoctorFinding {
  /** A name that scripts can rely on. */
  check: string;
  severity: 'problem' | 'note';
  what: string;
  /** A command, a line of code or a setting. */
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
