/** Certificates of the matrix's own sites, by an authority of its own: the lab throws the key of its authority away. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabEnvironment } from '../../../docker/lab.ts'
import { createAuthority, issueServerCertificate, type Authority } from '../../../src/pki/index.ts'
import type { Clock } from '../../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'

const DAY_MS = 86_400_000

/** A clock that is behind. */
function daysAgo(days: number): Clock {
  return { ...systemClock, nowMs: () => systemClock.nowMs() - days * DAY_MS }
}

/** Where the lab's Apache finds certificates. */
export function tlsDirectoryOf(lab: LabEnvironment): string {
  return join(lab.directory, 'tls')
}

/** PEM file of the matrix's authority. */
export function caFileOf(lab: LabEnvironment): string {
  return join(tlsDirectoryOf(lab), 'matrix-ca.pem')
}

/** The authority. */
export class Certificates {
  readonly #directory: string
  readonly #authority: Authority

  constructor(lab: LabEnvironment) {
    this.#directory = tlsDirectoryOf(lab)
    this.#authority = createAuthority({ clock: daysAgo(365), random: systemRandom })
    writeFileSync(caFileOf(lab), this.#authority.certificatePem)
  }

  /** A certificate and its key. */
  issue(host: string, issuedDaysAgo = 0): { readonly cert: string; readonly key: string } {
    const ports = { clock: daysAgo(issuedDaysAgo), random: systemRandom }
    const made = issueServerCertificate(this.#authority, { names: [host] }, ports)
    return { cert: made.certificatePem, key: made.privateKeyPem }
  }

  /** Writes the certificate of a site, for Apache. It lasts 30 days. */
  write(id: string, host: string, issuedDaysAgo = 0): void {
    const { cert, key } = this.issue(host, issuedDaysAgo)
    writeFileSync(join(this.#directory, `mx-${id}.pem`), cert)
    writeFileSync(join(this.#directory, `mx-${id}.key`), key, { mode: 0o600 })
  }
}
