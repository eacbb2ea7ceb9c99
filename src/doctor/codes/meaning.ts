/**
 * What a code means.
 *
 * @module
 */

/** What a code means. The same code always has the same outcome. */
export interface CodeMeaning {
  readonly outcome: 'pass' | 'warn' | 'fail' | 'skip'
  /** What it means, whole sentences. */
  readonly means: string
  /** What to do about it, in general; findings bring the commands with real names. */
  readonly mend?: string
}
