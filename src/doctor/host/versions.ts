/**
 * What runs, and whether OpenSSL has what the protocol needs.
 *
 * @module
 */

import { found, type Check } from '../check.ts'
import type { HostWorld } from './world.ts'

function numbers(version: string): readonly number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number)
}

/** Is one version at least another? Missing parts count as 0. */
function atLeast(version: string, least: string): boolean {
  const [have, want] = [numbers(version), numbers(least)]
  for (const [at, part] of want.entries()) {
    const difference = (have[at] ?? 0) - part
    if (difference !== 0) return difference > 0
  }
  return true
}

/** Node, OpenSSL, Sallyport. */
export const versionsCheck: Check<HostWorld> = {
  id: 'host.versions',
  title: 'versions',
  needs: [],
  run({ versions }) {
    const { sallyport, node, openssl, nodeWanted } = versions
    const seen = `Sallyport ${sallyport}, Node ${node}, OpenSSL ${openssl}`
    if (atLeast(node, nodeWanted)) return Promise.resolve([found('DOCTOR_VERSIONS', seen)])
    const mends = [{ text: `Install Node ${nodeWanted.replace(/^>=/, '')} or later.` }]
    const message = `${seen}; Sallyport needs Node ${nodeWanted}`
    return Promise.resolve([found('DOCTOR_NODE_TOO_OLD', message, { mends })])
  },
}

/** FIPS mode. */
export const fipsCheck: Check<HostWorld> = {
  id: 'host.fips',
  title: 'FIPS mode',
  needs: [],
  run({ fips, kerberos }) {
    const mode = `FIPS mode is ${fips.mode ? 'on' : 'off'}`
    if (fips.md5 && !fips.mode) {
      return Promise.resolve([found('DOCTOR_FIPS_OFF', `${mode}, MD5 is there`)])
    }
    if (kerberos === undefined) {
      const message = `${mode}; without a kerberos section nothing needs MD5`
      return Promise.resolve([found('DOCTOR_FIPS_READY', message)])
    }
    if (kerberos.allowOwnMd5) {
      return Promise.resolve([found('DOCTOR_FIPS_READY', `${mode}, kerberos.allowOwnMd5 is true`)])
    }
    const setting = 'kerberos: { allowOwnMd5: true }   # connector.yaml'
    const text = 'Allow the protocol’s own two uses of MD5, if the site’s rules let it.'
    const message = `${mode}; OpenSSL has no MD5, and kerberos.allowOwnMd5 is false`
    return Promise.resolve([found('DOCTOR_FIPS_NO_MD5', message, { mends: [{ text, setting }] })])
  },
}
