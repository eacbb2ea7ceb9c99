/** The PAC, as a whole and buffer by buffer. */

import { KerberosError } from '../../../src/kerberos/index.ts'
import { PacBufferType, readBuffers } from '../../../src/kerberos/messages/pac-buffers.ts'
import * as client from '../../../src/kerberos/messages/pac-client.ts'
import { decodeDelegationInfo } from '../../../src/kerberos/messages/pac-delegation-info.ts'
import { decodeLogonInfo } from '../../../src/kerberos/messages/pac-logon-info.ts'
import { decodeSignature } from '../../../src/kerberos/messages/pac-signature.ts'
import { decodeAnyPac, decodePac, type AnyPac } from '../../../src/kerberos/messages/pac.ts'
import { encodePac, type PacContent } from '../../support/pac-writer.ts'
import { captured, PACS } from '../seeds.ts'
import { octetTarget, type Target } from '../target.ts'

const signer = { type: 16, sign: () => new Uint8Array(12) }
const CONTENT: PacContent = {
  ...{ effectiveName: 'alice', logonDomainName: 'CORP', logonDomainSid: 'S-1-5-21-1-2-3' },
  ...{ userId: 0, groupIds: [513, 1105], extraSids: ['S-1-5-21-1-2-3-500', 'S-1-18-1'] },
  resourceGroups: { domainSid: 'S-1-5-21-9-8-7', groupIds: [1] },
  authTimeMs: 1_700_000_000_000,
  upn: { name: 'alice@corp.example', dnsDomainName: 'CORP.EXAMPLE', extended: true },
  delegation: { target: 'HTTP/a', transited: ['CONN1$@CORP.EXAMPLE', 'b'] },
  ...{ requestorSid: 'S-1-5-21-1-2-3-500', attributes: 1 },
}
const OWN = [CONTENT, { ...CONTENT, withoutLogonInfo: true }].map((content) =>
  encodePac(content, { server: signer, kdc: signer, ticket: new Uint8Array(1) }),
)
const SEEDS = [...PACS, ...captured('pac'), ...OWN]

/** The same by the decoder that wants logon information, unless that alone is missing. */
function strictly(value: AnyPac, octets: Uint8Array): string | undefined {
  try {
    return decodePac(octets).logonInfo.userSid === value.logonInfo?.userSid
      ? undefined
      : 'two users'
  } catch (error) {
    if (error instanceof KerberosError && value.logonInfo === undefined) return undefined
    throw error
  }
}

const whole = octetTarget({
  name: 'kerberos/pac',
  // Padding behind the last buffer may be missing, so that not every prefix is refused.
  seeds: SEEDS,
  decode: (octets) => decodeAnyPac(octets),
  check: (value, input) => {
    const { octetsForServerChecksum, octetsForFullChecksum } = value
    const same = [octetsForServerChecksum, octetsForFullChecksum].every(
      ({ length }) => length === input.length,
    )
    return same ? strictly(value, input) : 'another length is signed'
  },
})

const BUFFERS: readonly (readonly [keyof typeof PacBufferType, (octets: Uint8Array) => unknown])[] =
  [
    ['LOGON_INFO', decodeLogonInfo],
    ['CLIENT_INFO', client.decodeClientInfo],
    ['UPN_DNS_INFO', client.decodeUpnDnsInfo],
    ['ATTRIBUTES_INFO', client.decodeAttributes],
    ['REQUESTOR', client.decodeRequestor],
    ['DELEGATION_INFO', decodeDelegationInfo],
    ['SERVER_CHECKSUM', decodeSignature],
  ]

const buffers = BUFFERS.map(([name, decode]) =>
  octetTarget({
    name: `kerberos/pac-${name.toLowerCase().replaceAll('_', '-')}`,
    seeds: SEEDS.flatMap((pac) => readBuffers(pac).get(PacBufferType[name]) ?? []),
    shortRuns: 700,
    // One buffer ends in padding, which may be missing.
    refusesPrefixes: name !== 'UPN_DNS_INFO',
    decode,
  }),
)

export const PAC_TARGETS: readonly Target[] = [whole, ...buffers]
