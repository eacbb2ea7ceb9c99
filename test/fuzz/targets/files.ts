/** File formats of Kerberos: keytab, credential cache, krb5.conf. */

import {
  capathOf,
  decodeCcache,
  decodeKeytab,
  encodeCcache,
  encodeKeytab,
  kdcsOf,
  libdefaultsOf,
  parseDurationMs,
  parseEtypes,
  parseKrb5ConfText,
  realmOfHost,
  type Krb5Conf,
} from '../../../src/kerberos/index.ts'
import { httpAnchorsOf } from '../../../src/kerberos/files/index.ts'
import { captured, mitMade } from '../seeds.ts'
import { octetTarget, sameValue, textTarget, type Target } from '../target.ts'

const keytab = octetTarget({
  name: 'kerberos/keytab',
  seeds: [...captured('keytab'), ...mitMade('keytab')],
  decode: (octets) => decodeKeytab(octets),
  encode: encodeKeytab,
})

const ccache = octetTarget({
  name: 'kerberos/ccache',
  seeds: [
    ...captured('ccache'),
    ...mitMade('ccache'),
    ...captured('ccache').map((octets) => encodeCcache(decodeCcache(octets))),
  ],
  decode: (octets) => decodeCcache(octets),
  encode: encodeCcache,
})

const CONF = `# comment
[libdefaults]
  default_realm = CORP.EXAMPLE
  dns_lookup_kdc = true
  clockskew = 5m
  permitted_enctypes = aes256-cts aes128-cts
[realms]
  CORP.EXAMPLE = {
    kdc = dc1.corp.example:88
    kdc = "dc2.corp.example"
    http_anchors = FILE:/etc/ca.pem
  }*
  OTHER.EXAMPLE =
  {
    kdc = [::1]
  }
[domain_realm]
  .corp.example = CORP.EXAMPLE
[capaths]
  CORP.EXAMPLE = {
    OTHER.EXAMPLE = MIDDLE.EXAMPLE
    OTHER.EXAMPLE = .
  }
`

/** Every answer that a client wants from it. */
function answers(conf: Krb5Conf): unknown {
  return {
    defaults: libdefaultsOf(conf),
    kdcs: conf.names('realms').map((realm) => kdcsOf(conf, realm)),
    realm: realmOfHost(conf, 'a.b.corp.example'),
    path: capathOf(conf, 'CORP.EXAMPLE', 'OTHER.EXAMPLE'),
    anchors: httpAnchorsOf(conf, 'CORP.EXAMPLE'),
  }
}

const krb5Conf = textTarget({
  name: 'kerberos/krb5-conf',
  seeds: [
    CONF,
    CONF.replaceAll('\n', '\r\n'),
    ...mitMade('krb5-conf').map((octets) => octets.toString('utf8')),
  ],
  words: [
    ...['[', ']', '{', '}', '=', '*', '"', '\\', '#', ';', '\n', ' ', '\t', ' = {\n', '\n}\n'],
    ...[
      'include /etc/krb5.conf\n',
      'includedir /x\n',
      '__proto__',
      'constructor',
      '\\n',
      '\0',
      '.',
    ],
    ...['[realms]\n', 'kdc = ', 'CORP.EXAMPLE'],
  ],
  decode: (text) => answers(parseKrb5ConfText(text)),
  check: (value, text) =>
    sameValue(value, answers(parseKrb5ConfText(text))) ? undefined : 'twice is not once',
})

const confValues = textTarget({
  name: 'kerberos/krb5-conf-values',
  seeds: ['1d2h3m4s', '10:20:30', '300', 'aes256-cts aes128-cts', '-rc4 DEFAULT +aes'],
  words: [':', 'd', 'h', ' ', '-', '+', ',', 'aes', '99999999999', 'DEFAULT', '\t'],
  decode: (text) => ({ duration: parseDurationMs(text), etypes: parseEtypes(text) }),
})

export const FILE_TARGETS: readonly Target[] = [keytab, ccache, krb5Conf, confValues]
