/** Starts Node in FIPS mode: with OpenSSL's FIPS provider, or with a stand-in for it. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RealKdc } from './delegate.ts'

const run = promisify(execFile)
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** What the process found. */
export interface FipsReport {
  readonly fips: number
  readonly opensslMd5: string
  readonly hasMd5: boolean
  readonly service: string
  readonly account: string
  readonly ticket: string
  readonly token: boolean
  readonly boundToken: string
  /** The code of what went wrong; the fields above are absent then. */
  readonly failed?: string
}

/** The OpenSSL configuration that loads the FIPS provider, where the machine has one. */
export function fipsProvider(): string | undefined {
  return process.env['SALLYPORT_FIPS_CONF']
}

/**
 * Runs delegate.ts in FIPS mode.
 *
 * @param kind - By OpenSSL's provider or the stand-in.
 * @param question - Whether our own MD5 is allowed, and a real KDC where one is wanted.
 * @returns What it printed.
 */
export async function fipsProcess(
  kind: 'provider' | 'stand-in',
  question: { readonly ownMd5?: boolean; readonly real?: RealKdc },
): Promise<FipsReport> {
  const conf = fipsProvider() ?? ''
  const flags =
    kind === 'provider'
      ? [`--openssl-config=${conf}`, '--enable-fips']
      : ['--import', here('without-md5.ts')]
  const args = [...flags, here('delegate.ts'), JSON.stringify(question)]
  const { stdout } = await run(process.execPath, args, { timeout: 60_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as FipsReport
}
