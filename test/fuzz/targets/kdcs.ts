/** How KDCs are found: answers of name servers, addresses. */

import {
  decodeSrvAnswer,
  decodeUriAnswer,
  encodeSrvQuery,
  encodeUriQuery,
} from '../../../src/kerberos/io/dns-message.ts'
import { formatKdcAddress, parseKdcAddress } from '../../../src/kerberos/io/kdc-address.ts'
import { parseKdcUri } from '../../../src/kerberos/io/kdc-uri.ts'
import { octetTarget, textTarget, type Target } from '../target.ts'

const query = encodeSrvQuery(0x1234, '_kerberos._tcp.corp.example')

/** RFC 1035 section 4.1: the question again, then records written in hex. */
function answer(count: number, records: string, flags = 0x8180): Buffer {
  const octets = Buffer.concat([query, Buffer.from(records.replaceAll(' ', ''), 'hex')])
  octets.writeUInt16BE(flags, 2)
  octets.writeUInt16BE(count, 6)
  return octets
}

// The name is the question's, the target ends in the question's last labels, as Samba writes it.
const SRV = 'c00c 0021 0001 00000384 000c 0000 0064 0058 03646331 c01b'
const ALIAS = 'c00c 0005 0001 0000003c 0004 0161 c01b'

/** A message that is no answer is refused with an Error, one that is cut off with Buffer's RangeError. */
function isRefusal(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && error.name === 'Error')
}

const srv = octetTarget({
  name: 'kerberos/srv-answer',
  refusesPrefixes: true,
  seeds: [
    answer(1, SRV),
    answer(3, ALIAS + SRV + SRV),
    answer(0, '', 0x8183),
    answer(0, '', 0x8380),
  ],
  words: [
    Buffer.from('c00c', 'hex'),
    Buffer.from('c000', 'hex'),
    Buffer.from(SRV.replaceAll(' ', ''), 'hex'),
  ],
  decode: (octets) => decodeSrvAnswer(Buffer.from(octets), query),
  check: ({ records }) =>
    records.every(({ name }) => name.length <= 254) ? undefined : 'a name longer than DNS has',
  isRefusal,
})

const uriQuery = encodeUriQuery(0x1234, '_kerberos.corp.example')
const URI_RECORD =
  'c00c 0100 0001 00000384 0023 000a 0001 6b7262357372763a6d3a6b6b6463703a68747470733a2f2f6b2f4b'

const uri = octetTarget({
  name: 'kerberos/uri-answer',
  refusesPrefixes: true,
  seeds: [Buffer.concat([uriQuery, Buffer.from(URI_RECORD.replaceAll(' ', ''), 'hex')])].map(
    (octets) => {
      octets.writeUInt16BE(0x8180, 2)
      octets.writeUInt16BE(1, 6)
      return octets
    },
  ),
  words: [Buffer.from('c00c', 'hex'), Buffer.from(URI_RECORD.replaceAll(' ', ''), 'hex')],
  decode: (octets) => decodeUriAnswer(Buffer.from(octets), uriQuery),
  isRefusal,
})

const kdcUri = textTarget({
  name: 'kerberos/kdc-uri',
  seeds: ['krb5srv:m:kkdcp:https://kdc.example/KdcProxy', 'krb5srv::tcp:[fd00::1]:88'],
  words: ['krb5srv:', ':m:', 'tcp:', 'kkdcp:', 'https://', ':', '.', '@', '#'],
  decode: (text) => parseKdcUri(text) ?? null,
})

const address = textTarget({
  name: 'kerberos/kdc-address',
  seeds: ['dc1.corp.example', 'dc1:88', '[fd00::1]:88', 'fd00::1'],
  words: ['[', ']', ':', '::', '.', '65536', ' ', '%'],
  decode: (text) => parseKdcAddress(text),
  encode: formatKdcAddress,
  isRefusal,
})

export const KDC_TARGETS: readonly Target[] = [srv, uri, address, kdcUri]
