/** KDCs out of reach and near ones: messages of KDC proxies, answers of domain controllers to pings. */

import { decodeNetlogonAnswer } from '../../../src/kerberos/io/cldap-message.ts'
import { decodeNetlogonResponse } from '../../../src/kerberos/io/netlogon-response.ts'
import {
  decodeKdcProxyMessage,
  encodeKdcProxyMessage,
} from '../../../src/kerberos/messages/index.ts'
import {
  namesOf,
  nameOctets,
  netlogonOctets,
  searchDone,
  searchEntry,
} from '../../support/domain-controller.ts'
import { VECTORS } from '../../unit/kerberos/messages/vectors.ts'
import { derTarget, octetTarget, type Target } from '../target.ts'

const proxyMessage = derTarget({
  name: 'kerberos/kdc-proxy-message',
  seeds: VECTORS.filter(({ name }) => name.startsWith('kdc-proxy-message')).map(({ encode }) =>
    encode(),
  ),
  decode: decodeKdcProxyMessage,
  encode: encodeKdcProxyMessage,
})

const MESSAGE_ID = 7
/** The value in Samba's answer, with pointers in its names. */
const COMPRESSED = Buffer.from(
  '17000000bd1100002a35e88128a21841a928de2a5fbd5e5b04636f7270076578616d706c6500c01803646331c01804434f5250000344433100' +
    '001744656661756c742d46697273742d536974652d4e616d6500c03a05000000ffffffff',
  'hex',
)

const answer = derTarget({
  name: 'kerberos/netlogon-answer',
  seeds: [
    Buffer.concat([searchEntry(MESSAGE_ID, netlogonOctets()), searchDone(MESSAGE_ID)]),
    Buffer.concat([searchEntry(MESSAGE_ID, COMPRESSED), searchDone(MESSAGE_ID)]),
    searchDone(MESSAGE_ID),
  ],
  words: ['netlogon'],
  decode: (octets) => decodeNetlogonAnswer(octets, MESSAGE_ID),
})

const response = octetTarget({
  name: 'kerberos/netlogon-response',
  refusesPrefixes: true,
  seeds: [
    COMPRESSED,
    netlogonOctets(),
    netlogonOctets({ names: namesOf('Zürich'), ntVersion: 0x15, optional: nameOctets('Hub') }),
  ],
  words: [Buffer.from('c018', 'hex'), Buffer.from('c03a', 'hex'), Buffer.from('ffffffff', 'hex')],
  decode: decodeNetlogonResponse,
  check: (read) =>
    [read.dcSiteName, read.clientSiteName, read.dnsHostName].every(({ length }) => length <= 254)
      ? undefined
      : 'a name longer than DNS has',
})

export const FAR_KDC_TARGETS: readonly Target[] = [proxyMessage, answer, response]
