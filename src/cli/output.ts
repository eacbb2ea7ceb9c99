/**
 * The one way to the terminal. What other machines sent may stand in any text, so no control character passes here.
 *
 * @module
 */

import { jsonText, printableLines } from '../platform/index.ts'

/**
 * Prints a result.
 *
 * @param text - Lines, each with its line feed.
 */
export function say(text: string): void {
  process.stdout.write(printableLines(text))
}

/**
 * Prints a result for programs.
 *
 * @param value - What JSON can hold.
 */
export function sayJson(value: unknown): void {
  process.stdout.write(`${jsonText(value)}\n`)
}

/**
 * Tells on standard error what is wrong.
 *
 * @param text - What; lines after the first are set in, so that none of them passes for one of ours.
 */
export function complain(text: string): void {
  process.stderr.write(`${printableLines(text).replaceAll('\n', '\n  ')}\n`)
}
