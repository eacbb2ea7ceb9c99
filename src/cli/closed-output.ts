/**
 * What becomes of a command whose output nobody takes any more, as in `sallyport --help | head -1`.
 *
 * @module
 */

import { errorCode, errorText } from '../platform/index.ts'
import { complain } from './output.ts'

/** As a shell reports a program that SIGPIPE (13) has ended, which Node turns into an error. */
const EXIT_CLOSED_PIPE = 141
const EXIT_FAILED = 1

/**
 * Ends the process when its results cannot be written: without a word where the reader has gone, else with the reason. Errors that
 * cannot be written end nothing, for there is nobody left to tell: a service outlives whoever reads its log.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error) => {
    if (errorCode(error) === 'EPIPE') process.exit(EXIT_CLOSED_PIPE)
    const why = `the output cannot be written: ${errorText(error)}`
    complain(`sallyport: ERR_CLI_OUTPUT: ${why}`)
    process.exit(EXIT_FAILED)
  })
  process.stderr.on('error', () => undefined)
}
