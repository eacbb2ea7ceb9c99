/**
 * Secrets come from a file, standard input or the environment, never from the argument list, which every user of
 * the host can read.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { readFault, SallyportError } from '../platform/index.ts'
import { readFileOctets } from './config-file.ts'

/** Where the command line may find a secret. */
export interface SecretSource {
  /** A path, or `-` for standard input. */
  readonly file?: string | undefined
  /** Name of the environment variable that is asked when no file is named. */
  readonly variable: string
  /** What it is, for messages, e.g. `registration token`. */
  readonly what: string
  /** The option that names the file, for the mend. */
  readonly option: string
}

/**
 * Reads a one-line secret.
 *
 * @param source - Where to look.
 * @returns The secret without surrounding white space.
 * @throws SallyportError ERR_CLI_SECRET when it is nowhere, ERR_CLI_FILE when its file or standard input cannot be read.
 */
export function readSecretText(source: SecretSource): string {
  const text = (textFrom(source) ?? '').trim()
  if (text === '') {
    const empty = source.file === '-' ? 'standard input' : (source.file ?? '')
    const where = empty === '' ? 'was given' : `is in ${empty}`
    throw new SallyportError('ERR_CLI_SECRET', `no ${source.what} ${where}`, {
      mend: `Name its file with ${source.option} (- for standard input), or set ${source.variable}.`,
    })
  }
  return text
}

function textFrom(source: SecretSource): string | undefined {
  if (source.file === undefined) return process.env[source.variable]
  if (source.file === '-') return readStandardInput(source.what)
  return readFileOctets(source.file, source.what).toString('utf8')
}

function readStandardInput(what: string): string {
  try {
    return readFileSync(process.stdin.fd, 'utf8')
  } catch (cause) {
    const text = `cannot read the ${what} from standard input: ${readFault(cause)}`
    throw new SallyportError('ERR_CLI_FILE', text, {
      cause,
      mend: 'Give it through a pipe, or name its file.',
    })
  }
}
