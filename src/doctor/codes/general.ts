/**
 * Codes that any check may end with.
 *
 * @module
 */

/** What any check may end with. */
export const GENERAL_CODES = {
  DOCTOR_SKIPPED: {
    outcome: 'skip',
    means: 'The check was not made, because a check that it builds on failed or was not made.',
    mend: 'Mend what the finding names first, then run doctor again.',
  },
  DOCTOR_NOT_APPLICABLE: {
    outcome: 'skip',
    means: 'There is nothing to check: the configuration does not use this.',
  },
  DOCTOR_TIMEOUT: {
    outcome: 'fail',
    means:
      'The check took longer than it may. Most often something on the way drops packets silently.',
    mend: 'Look for a firewall between the hosts that the check names. `--timeout` gives a slow network more time.',
  },
  DOCTOR_FAULT: {
    outcome: 'fail',
    means:
      'The check ended with an error that it did not foresee; the finding has the error’s own code.',
    mend: 'Follow the mend of the error where it has one; else report it, with the file that `--bundle` writes.',
  },
} as const
