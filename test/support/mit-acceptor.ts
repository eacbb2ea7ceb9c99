/** MIT's acceptor (mit-acceptor.py, through python3-gssapi) as a judge of our tokens. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PYTHON = '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('mit-acceptor.py', import.meta.url))

/** Why tests by it are passed over, or false when it is here. */
export function mitAcceptorMissing(): string | false {
  const found = spawnSync(PYTHON, ['-c', 'import gssapi']).status === 0
  return !found && 'python3-gssapi is not installed'
}

/** A token for it. */
export interface TokenToJudge {
  readonly token: Uint8Array
  /** What the acceptor knows of the channel; undefined: nothing. */
  readonly binding?: Uint8Array | undefined
}

/** What it said. */
export interface Verdict {
  readonly client?: string
  readonly complete?: boolean
  readonly bound?: boolean
  /** Its answer, in base64. */
  readonly reply?: string
  /** GSSError's class, where it refused. */
  readonly error?: string
  readonly text?: string
}

/**
 * Has tokens accepted, by one run of the acceptor for all.
 *
 * @param environment - KRB5_KTNAME, KRB5_CONFIG and KRB5RCACHENAME.
 * @param requests - The tokens.
 * @returns One verdict each, in order.
 * @throws Error with what it said when the acceptor itself fails.
 */
export function judgeTokens(
  environment: Readonly<Record<string, string>>,
  requests: readonly TokenToJudge[],
): readonly Verdict[] {
  const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')
  const lines = requests.map(({ token, binding }) =>
    JSON.stringify({ token: base64(token), binding: binding ? base64(binding) : null }),
  )
  const { stdout, stderr, status } = spawnSync(PYTHON, [SCRIPT], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict)
}
