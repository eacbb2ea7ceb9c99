/**
 * `node --import` this file: names of the lab that SALLYPORT_LAB names are found, whatever the machine's resolver knows.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import dns from 'node:dns'
import type { LabEnvironment } from '../../docker/lab.ts'

const lab = JSON.parse(readFileSync(process.env['SALLYPORT_LAB'] ?? '', 'utf8')) as LabEnvironment
const addresses = new Map<string, string>()
for (const backend of Object.values(lab.backends)) {
  if (backend !== undefined) addresses.set(new URL(backend.url).hostname, backend.address)
}
for (const { name, address } of lab.domainControllers) addresses.set(name, address)
const system = dns.lookup

/** As node:net calls it. */
function lookup(
  hostname: string,
  options: dns.LookupOptions,
  callback: (
    error: NodeJS.ErrnoException | null,
    address: string | dns.LookupAddress[],
    family?: number,
  ) => void,
): void {
  const address = addresses.get(hostname)
  if (address === undefined) system(hostname, options, callback)
  else if (options.all === true) callback(null, [{ address, family: 4 }])
  else callback(null, address, 4)
}

Object.assign(dns, { lookup })
